package org.kiobd.raid.layout;

import org.kiobd.store.format.VolumeManifest;

/**
 * The position of each byte of a striped device: chunks are distributed round-robin over N equal members, so chunk c is on member c mod N
 * in row c div N. Pure arithmetic; immutable; any thread. Works for any chunk size from one byte on, and uses shifts for sizes that are
 * powers of two.
 *
 * <p>The important property: consecutive rows are contiguous on a member, so any contiguous range of the device is one contiguous range on
 * each member it touches.
 *
 * <p>Callers must keep offsets inside the device; with {@link #capacityBytes} this excludes overflow.
 */
public final class StripeLayout {
    private static final int NOT_A_POWER = -1;

    private final int members;
    private final long chunkBytes;
    private final int chunkShift;
    private final int memberShift;

    /**
     * @param members number of members, 1 or more
     * @param chunkBytes bytes on one member before the next member follows, 1 or more; one whole row must fit a signed 64-bit number
     */
    public StripeLayout(int members, long chunkBytes) {
        if (members < 1 || chunkBytes < 1 || chunkBytes > Long.MAX_VALUE / members) {
            throw new IllegalArgumentException("no such layout: members=" + members + " chunkBytes=" + chunkBytes);
        }
        this.members = members;
        this.chunkBytes = chunkBytes;
        this.chunkShift = shiftOf(chunkBytes);
        this.memberShift = shiftOf(members);
    }

    /** Returns the layout of the volume that {@code manifest} describes. */
    public static StripeLayout of(VolumeManifest manifest) {
        return new StripeLayout(manifest.members().size(), manifest.chunkBytes());
    }

    private static int shiftOf(long value) {
        return Long.bitCount(value) == 1 ? Long.numberOfTrailingZeros(value) : NOT_A_POWER;
    }

    public int members() {
        return members;
    }

    public long chunkBytes() {
        return chunkBytes;
    }

    /** Returns the chunk that holds device byte {@code offsetBytes}, counted from 0. */
    public long chunk(long offsetBytes) {
        return chunkShift != NOT_A_POWER ? offsetBytes >> chunkShift : offsetBytes / chunkBytes;
    }

    /** Returns the member that holds chunk {@code chunk}. */
    public int memberOfChunk(long chunk) {
        return (int) (memberShift != NOT_A_POWER ? chunk & (members - 1) : chunk % members);
    }

    /** Returns the member that holds device byte {@code offsetBytes}. */
    public int member(long offsetBytes) {
        return memberOfChunk(chunk(offsetBytes));
    }

    /** Returns the offset of device byte {@code offsetBytes} on its member. */
    public long memberOffsetBytes(long offsetBytes) {
        long chunk = chunk(offsetBytes);
        long row = memberShift != NOT_A_POWER ? chunk >> memberShift : chunk / members;
        return row * chunkBytes + (offsetBytes - chunk * chunkBytes);
    }

    /**
     * Returns how many bytes from {@code offsetBytes} on are contiguous on the same member: the rest of the chunk, or everything if there
     * is only one member.
     */
    public long runBytes(long offsetBytes) {
        if (members == 1) {
            return Long.MAX_VALUE - offsetBytes;
        }
        return chunkBytes - (offsetBytes - chunk(offsetBytes) * chunkBytes);
    }

    /**
     * Returns how many bytes of {@code member} are before device byte {@code offsetBytes}. The device range [a, b) is the range
     * [below(member, a), below(member, b)) on each member, which gives the parts of a range operation in O(1) per member.
     */
    public long below(int member, long offsetBytes) {
        long rowBytes = chunkBytes * members;
        long row = offsetBytes / rowBytes;
        long inRow = offsetBytes - row * rowBytes - member * chunkBytes;
        return row * chunkBytes + Math.max(0, Math.min(chunkBytes, inRow));
    }

    /**
     * Returns the device offset of byte {@code memberOffsetBytes} of {@code member}: the inverse of {@link #member} and {@link
     * #memberOffsetBytes}.
     */
    public long deviceOffsetBytes(int member, long memberOffsetBytes) {
        long row = memberOffsetBytes / chunkBytes;
        return (row * members + member) * chunkBytes + (memberOffsetBytes - row * chunkBytes);
    }

    /** Returns the size of the largest device over members of which the smallest has {@code smallestMemberBytes} bytes. */
    public long capacityBytes(long smallestMemberBytes) {
        return Math.multiplyExact(smallestMemberBytes / chunkBytes * chunkBytes, members);
    }

    /**
     * Returns the number of bytes every member needs for a device of {@code deviceBytes}: whole chunks, the same for all members.
     *
     * @throws ArithmeticException if the result does not fit a signed 64-bit number
     */
    public long memberBytes(long deviceBytes) {
        long rowBytes = chunkBytes * members;
        long rows = deviceBytes / rowBytes + (deviceBytes % rowBytes == 0 ? 0 : 1);
        return Math.multiplyExact(rows, chunkBytes);
    }
}
