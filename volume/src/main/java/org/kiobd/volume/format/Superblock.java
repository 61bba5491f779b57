package org.kiobd.volume.format;

import java.util.UUID;

/**
 * What a member says about itself and its volume. Two copies of it stand in the member; the valid one with the higher event counter
 * holds. Immutable; the byte layout is in {@code SuperblockCodec} and docs/FORMAT.md.
 *
 * @param features what a reader must understand
 * @param volume the volume it belongs to
 * @param member its place there
 * @param state whether it was closed in order
 * @param eventCounter grows with every change of the volume's metadata
 */
public record Superblock(Features features, Volume volume, Member member, State state, long eventCounter) {

    /** Chunks go round over equal members: chunk c lies on member c mod N, row c div N. */
    public static final int LAYOUT_EQUAL_MEMBERS = 1;

    /** Where the data area of a file begins: both superblock copies lie before it, so growth never moves them. */
    public static final long DATA_OFFSET_BYTES = 1L << 20;

    /**
     * Feature masks: unknown bits in {@code compatible} are harmless, in {@code readOnlyCompatible} they allow reading only, in
     * {@code incompatible} they forbid opening.
     */
    public record Features(long compatible, long readOnlyCompatible, long incompatible) {
        public static final Features NONE = new Features(0, 0, 0);
    }

    /**
     * The volume, the same in all its members.
     *
     * @param members how many there are, 1 or more
     */
    public record Volume(UUID uuid, String name, int members, long chunkBytes, int layoutId, long deviceSizeBytes) {}

    /**
     * One member.
     *
     * @param index its place in the stripe, from 0
     * @param sizeBytes its data area
     * @param dataOffsetBytes where that begins in the medium
     */
    public record Member(int index, long sizeBytes, long dataOffsetBytes) {}

    /** Whether the array was closed in order. */
    public enum State {
        CLEAN,
        IN_USE
    }
}
