package org.kiobd.store.format;

import java.util.UUID;

/**
 * The metadata of a member: it describes the member and its volume. A member stores two copies; the valid copy with the higher event
 * counter is authoritative. Immutable; the byte layout is in {@code SuperblockCodec} and docs/FORMAT.md.
 *
 * @param features features that a reader must understand
 * @param volume the volume that the member belongs to
 * @param member the member itself
 * @param state state of the volume when the superblock was written
 * @param eventCounter number of the round that wrote the superblock; each round writes the superblocks of all members
 * @param history the use of the volume that wrote the superblock, and the change that created the member
 */
public record Superblock(
        Features features, Volume volume, Member member, State state, long eventCounter, History history) {

    /** Stored if there is no id: the use was by a version without use ids, or the member has not been used yet. */
    public static final UUID NIL = new UUID(0, 0);

    /** Chunks alternate over members of equal size: chunk c is on member c mod N, in row c div N. */
    public static final int LAYOUT_EQUAL_MEMBERS = 1;

    /** Start of the data area in a file. Both superblock copies are before it, so growth never moves them. */
    public static final long DATA_OFFSET_BYTES = 1L << 20;

    /**
     * Feature masks. Unknown bits in {@code compatible} are harmless; in {@code readOnlyCompatible} they allow only reading; in {@code
     * incompatible} they forbid opening.
     */
    public record Features(long compatible, long readOnlyCompatible, long incompatible) {
        public static final Features NONE = new Features(0, 0, 0);
    }

    /**
     * The volume, the same in all its members.
     *
     * @param members number of members, 1 or more
     */
    public record Volume(UUID uuid, String name, int members, long chunkBytes, int layoutId, long deviceSizeBytes) {}

    /**
     * One member.
     *
     * @param index position in the stripe, from 0
     * @param sizeBytes size of the data area
     * @param dataOffsetBytes start of the data area in the medium
     */
    public record Member(int index, long sizeBytes, long dataOffsetBytes) {}

    /**
     * The history of a member. A use lasts from an opening for writing to the close; its id is random.
     *
     * @param useId id of the use that wrote the superblock; nil if the use had no id
     * @param previousUseId the previous use, in state OPENING; otherwise nil
     * @param madeBy the change (e.g. a create or a snapshot) that created the member, never overwritten; nil if an older version did
     */
    public record History(UUID useId, UUID previousUseId, UUID madeBy) {
        public static final History NONE = new History(NIL, NIL, NIL);

        /** Returns the history of a member that {@code change} has just created. */
        public static History madeBy(UUID change) {
            return new History(NIL, NIL, change);
        }
    }

    /** Progress of a use of the volume; docs/FORMAT.md has the legal transitions. */
    public enum State {
        /** The volume was closed cleanly, or never used. */
        CLEAN,
        /** A use begins; it has not written any data. */
        OPENING,
        /** The volume is in use, or its server was killed. */
        IN_USE,
        /** A use ends; it has written all its data. */
        CLOSING
    }
}
