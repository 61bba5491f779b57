package org.kiobd.raid.layout;

import java.util.List;
import org.kiobd.volume.ByteRange;
import org.kiobd.volume.Extent;
import org.kiobd.volume.ExtentList;

/**
 * Puts the extents of the members back into the order of the device. Pure arithmetic; used once.
 *
 * <p>Walks the device and has a cursor in each member's extents. Where all members are in extents of one kind, it goes on to the first
 * byte at which one of them leaves its extent; else to the end of the chunk. The second happens at most N times for two extents of the
 * answer, so the cost follows the extents, never the chunks.
 */
public final class ExtentFold {
    private final StripeLayout layout;
    private final ByteRange range;
    private final int maxExtents;
    private final Cursor[] cursors;

    private static final class Cursor {
        final List<Extent> extents;
        int index;
        /** In the member, of the extent at {@link #index}. */
        long endBytes;

        /** @param startBytes where the first extent begins in the member */
        Cursor(List<Extent> extents, long startBytes) {
            this.extents = extents;
            endBytes = startBytes + (extents.isEmpty() ? 0 : extents.get(0).lengthBytes());
        }

        Extent.Kind kind() {
            return extents.get(index).kind();
        }

        /** Goes to the extent that holds byte {@code offsetBytes} of the member; false if the answer did not reach so far. */
        boolean moveTo(long offsetBytes) {
            while (index < extents.size() && endBytes <= offsetBytes) {
                index++;
                endBytes += index < extents.size() ? extents.get(index).lengthBytes() : 0;
            }
            return index < extents.size();
        }
    }

    /**
     * @param range what was asked of the device, not empty
     * @param maxExtents as asked of the device and of each member. It is enough to ask members for so many: where a member's answer
     *     ends early, its bytes alone have changed kind so often
     * @param members what each member answered about its part of the range; an empty list where it has none
     */
    public ExtentFold(StripeLayout layout, ByteRange range, int maxExtents, List<List<Extent>> members) {
        this.layout = layout;
        this.range = range;
        this.maxExtents = maxExtents;
        this.cursors = new Cursor[members.size()];
        for (int member = 0; member < cursors.length; member++) {
            cursors[member] = new Cursor(members.get(member), layout.below(member, range.offsetBytes()));
        }
    }

    /** The device's extents, by the rules of {@link org.kiobd.volume.BlockDevice#extents}. */
    public List<Extent> extents() {
        ExtentList folded = new ExtentList(maxExtents);
        long at = range.offsetBytes();
        boolean goesOn = true;
        while (goesOn && at < range.endBytes()) {
            int member = layout.member(at);
            Cursor cursor = cursors[member];
            goesOn = cursor.moveTo(layout.memberOffsetBytes(at));
            if (goesOn) {
                long end = Math.min(range.endBytes(), runEnd(at, member));
                goesOn = folded.add(end - at, cursor.kind());
                at = end;
            }
        }
        return folded.finish();
    }

    /** How far from {@code at} on everything is of the kind that is found there. */
    private long runEnd(long at, int member) {
        long end = Long.MAX_VALUE;
        Extent.Kind kind = cursors[member].kind();
        for (int other = 0; other < cursors.length; other++) {
            long offsetBytes = layout.below(other, at);
            if (layout.below(other, range.endBytes()) > offsetBytes) {
                if (!cursors[other].moveTo(offsetBytes) || cursors[other].kind() != kind) {
                    return chunkEnd(at, member);
                }
                // Behind its last byte in the range a member has no say.
                if (cursors[other].endBytes < layout.below(other, range.endBytes())) {
                    end = Math.min(end, layout.deviceOffsetBytes(other, cursors[other].endBytes));
                }
            }
        }
        return end;
    }

    /** The same within the chunk. */
    private long chunkEnd(long at, int member) {
        long inExtentBytes = cursors[member].endBytes - layout.memberOffsetBytes(at);
        return at + Math.min(inExtentBytes, layout.runBytes(at));
    }
}
