package org.kiobd.raid.layout;

import java.util.List;
import org.kiobd.volume.ByteRange;
import org.kiobd.volume.Extent;
import org.kiobd.volume.ExtentList;

/**
 * Merges the extents of the members into the extents of the device. Pure arithmetic; an instance is used once, by one thread.
 *
 * <p>Walks over the device with a cursor in the extents of each member. Where the extents of all members are of one kind, a step goes to
 * the first byte at which a member leaves its extent; otherwise it goes to the end of the chunk. The second case occurs at most N times for
 * two extents of the result, so the cost depends on the number of extents, not of chunks.
 */
public final class ExtentFold {
    private final StripeLayout layout;
    private final ByteRange range;
    private final int maxExtents;
    private final Cursor[] cursors;

    private static final class Cursor {
        final List<Extent> extents;
        int index;
        /** End of the extent at {@link #index}, as an offset in the member. */
        long endBytes;

        /** @param startBytes offset of the first extent in the member */
        Cursor(List<Extent> extents, long startBytes) {
            this.extents = extents;
            endBytes = startBytes + (extents.isEmpty() ? 0 : extents.get(0).lengthBytes());
        }

        Extent.Kind kind() {
            return extents.get(index).kind();
        }

        /**
         * Moves to the extent that holds byte {@code offsetBytes} of the member; returns false if the extents of the member end before it.
         */
        boolean moveTo(long offsetBytes) {
            while (index < extents.size() && endBytes <= offsetBytes) {
                index++;
                endBytes += index < extents.size() ? extents.get(index).lengthBytes() : 0;
            }
            return index < extents.size();
        }
    }

    /**
     * @param range the requested range of the device, not empty
     * @param maxExtents the maximum number of extents of the result, and of the answer of each member. This limit is enough for members: if
     *     the answer of a member ends early, the kind has already changed that often on that member alone
     * @param members the answer of each member for its part of the range; an empty list if it has no part
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

    /** Returns the extents of the device, by the rules of {@link org.kiobd.volume.BlockDevice#extents}. */
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

    /** Returns the end of the run of device bytes from {@code at} on that are certain to be of the kind at {@code at}. */
    private long runEnd(long at, int member) {
        long end = Long.MAX_VALUE;
        Extent.Kind kind = cursors[member].kind();
        for (int other = 0; other < cursors.length; other++) {
            long offsetBytes = layout.below(other, at);
            if (layout.below(other, range.endBytes()) > offsetBytes) {
                if (!cursors[other].moveTo(offsetBytes) || cursors[other].kind() != kind) {
                    return chunkEnd(at, member);
                }
                // A member whose extent reaches the end of its part of the range does not limit the run.
                if (cursors[other].endBytes < layout.below(other, range.endBytes())) {
                    end = Math.min(end, layout.deviceOffsetBytes(other, cursors[other].endBytes));
                }
            }
        }
        return end;
    }

    /** Returns the end of that run within the chunk of {@code at}. */
    private long chunkEnd(long at, int member) {
        long inExtentBytes = cursors[member].endBytes - layout.memberOffsetBytes(at);
        return at + Math.min(inExtentBytes, layout.runBytes(at));
    }
}
