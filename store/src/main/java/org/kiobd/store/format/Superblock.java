package org.kiobd.store.format;

import java.util.UUID;

/**
 * What a member says about itself and its volume. Two copies of it stand in the member; the valid one with the higher event counter
 * holds. Immutable; the byte layout is in {@code SuperblockCodec} and docs/FORMAT.md.
 *
 * @param features what a reader must understand
 * @param volume the volume it belongs to
 * @param member its place there
 * @param state what the volume was doing when this was written
 * @param eventCounter grows with every change of the volume's metadata
 * @param history which use of the volume wrote it, and what made the member
 */
public record Superblock(
        Features features, Volume volume, Member member, State state, long eventCounter, History history) {

    /** Stands where there is no id: a use by a version that had none, a member nobody has used yet. */
    public static final UUID NIL = new UUID(0, 0);

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

    /**
     * What a member remembers of before. A use is from an opening for writing to the close; its id is random.
     *
     * @param useId the use that wrote the superblock; nil if that had no id
     * @param previousUseId the use before, told while a use opens; else nil
     * @param madeBy the change (a create, a snapshot) that made the member, as long as it lives; nil from older versions
     */
    public record History(UUID useId, UUID previousUseId, UUID madeBy) {
        public static final History NONE = new History(NIL, NIL, NIL);

        /** Of a member that {@code change} has just made. */
        public static History madeBy(UUID change) {
            return new History(NIL, NIL, change);
        }
    }

    /** How far a use of the volume is; docs/FORMAT.md has the legal moves. */
    public enum State {
        /** Closed in order, or never used. */
        CLEAN,
        /** A use begins; no data of it have been written. */
        OPENING,
        /** In use, or its server was killed. */
        IN_USE,
        /** A use ends; all its data have been written. */
        CLOSING
    }
}
