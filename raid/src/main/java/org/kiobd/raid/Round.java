package org.kiobd.raid;

import java.util.List;
import java.util.UUID;
import org.kiobd.store.format.Superblock;
import org.kiobd.store.format.VolumeManifest;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;

/**
 * The content of the superblocks of an array in one round. It is the same for all members, except for the {@link MemberOrigin}. The next round begins only when all members have this one, so a member that lacks more than the last round
 * is an old copy. Checks which round may follow another; docs/FORMAT.md has the rules as a table. Immutable.
 *
 * @param volume the description of the volume in this round
 * @param state the phase of the use
 * @param eventCounter one more than in the previous round
 * @param useId id of the use; nil in rounds of a version without such ids, or if the volume was never used
 * @param previousUseId while opening: id of the previous use; otherwise nil
 */
record Round(Superblock.Volume volume, Superblock.State state, long eventCounter, UUID useId, UUID previousUseId) {

    static Round of(Superblock superblock) {
        return new Round(
                superblock.volume(),
                superblock.state(),
                superblock.eventCounter(),
                superblock.history().useId(),
                superblock.history().previousUseId());
    }

    /**
     * Returns the superblock of a member in this round.
     *
     * @param origin what the superblocks of this member always keep
     */
    Superblock forMember(MemberOrigin origin) {
        return new Superblock(
                origin.features(),
                volume,
                MemberSuperblocks.member(volume, origin.index()),
                state,
                eventCounter,
                new Superblock.History(useId, previousUseId, origin.madeBy()));
    }

    /** Returns the round that begins a new use, perhaps with a new name of the volume. It may follow any round. */
    Round opening(UUID use, String name) {
        return new Round(named(volume, name), Superblock.State.OPENING, eventCounter + 1, use, useId);
    }

    /** Returns the round after which data may be written. */
    Round inUse() {
        return next(volume, Superblock.State.IN_USE);
    }

    Round grown(long deviceSizeBytes) {
        return next(sized(volume, deviceSizeBytes), Superblock.State.IN_USE);
    }

    /** Returns the round that is written when all data have been written. */
    Round closing() {
        return next(volume, Superblock.State.CLOSING);
    }

    Round clean() {
        return next(volume, Superblock.State.CLEAN);
    }

    private Round next(Superblock.Volume saying, Superblock.State to) {
        Round next = new Round(saying, to, eventCounter + 1, useId, Superblock.NIL);
        if (!next.follows(this)) {
            throw new IllegalStateException("volume=" + volume.name() + ": " + next + " cannot follow " + this);
        }
        return next;
    }

    /** Returns whether {@code earlier} can be the previous round; a member with {@code earlier} then lacks only this round. */
    boolean follows(Round earlier) {
        if (earlier.eventCounter != eventCounter - 1) {
            return false;
        }
        boolean sameUse = earlier.useId.equals(useId);
        if (useId.equals(Superblock.NIL)) {
            // This round was written by an older version, which had only two states and no use ids.
            return state == Superblock.State.IN_USE
                    || (state == Superblock.State.CLEAN && sameUse && earlier.state == Superblock.State.IN_USE);
        }
        boolean sameSize = earlier.volume.deviceSizeBytes() == volume.deviceSizeBytes();
        return switch (state) {
            case OPENING -> earlier.useId.equals(previousUseId) && sameSize;
            case IN_USE -> sameUse && (earlier.state == Superblock.State.OPENING ? sameSize : isGrowthOf(earlier));
            case CLOSING -> sameUse && sameSize && earlier.state == Superblock.State.IN_USE;
            case CLEAN -> sameUse && sameSize && earlier.state == Superblock.State.CLOSING;
        };
    }

    private boolean isGrowthOf(Round earlier) {
        return earlier.state == Superblock.State.IN_USE && earlier.volume.deviceSizeBytes() < volume.deviceSizeBytes();
    }

    /**
     * Returns the last round among {@code found}. All members in {@code found} must have this round or the previous one.
     *
     * @param manifest the places of the members, for messages
     * @param found some or all superblocks of a volume, at least one
     * @throws BlockIoException if a member is an old copy, or of another history, so that its data would be wrong; the message names the
     *     member and the remedy
     */
    static Round last(VolumeManifest manifest, List<Superblock> found) throws BlockIoException {
        Superblock newest = found.get(0);
        for (Superblock one : found) {
            newest = one.eventCounter() > newest.eventCounter() ? one : newest;
        }
        Round last = of(newest);
        for (Superblock one : found) {
            Round round = of(one);
            if (round.eventCounter < last.eventCounter - 1) {
                throw refused(who(manifest, one) + " is an old copy: event=" + round.eventCounter
                        + ", others have event=" + last.eventCounter
                        + "; nothing was changed; bring back the member that was in use last");
            }
            if (round.eventCounter == last.eventCounter && !round.equals(last)) {
                throw refused(who(manifest, one) + " and " + who(manifest, newest)
                        + " come from two histories of this volume: " + round.words() + " against " + last.words()
                        + "; one of them was used elsewhere without the other; nothing was changed; bring together the members"
                        + " that were in use together last");
            }
            if (round.eventCounter < last.eventCounter && (isUnused(newest) || !last.follows(round))) {
                throw refused(who(manifest, one) + " is an old copy, or was used elsewhere: " + round.words()
                        + " does not lead to " + last.words() + " of " + who(manifest, newest)
                        + "; nothing was changed; bring back the member that was in use last");
            }
        }
        return last;
    }

    /** Returns whether the member was made and never used. All members were made with this superblock, so none can lack it. */
    private static boolean isUnused(Superblock superblock) {
        return superblock.history().useId().equals(Superblock.NIL)
                && !superblock.history().madeBy().equals(Superblock.NIL);
    }

    private static String who(VolumeManifest manifest, Superblock superblock) {
        int index = superblock.member().index();
        return "member " + index + " (" + manifest.members().get(index) + ")";
    }

    private String words() {
        return "event=" + eventCounter + " state=" + state + " size=" + volume.deviceSizeBytes() + " use=" + useId;
    }

    private static Superblock.Volume named(Superblock.Volume volume, String name) {
        return new Superblock.Volume(
                volume.uuid(),
                name,
                volume.members(),
                volume.chunkBytes(),
                volume.layoutId(),
                volume.deviceSizeBytes());
    }

    private static Superblock.Volume sized(Superblock.Volume volume, long deviceSizeBytes) {
        return new Superblock.Volume(
                volume.uuid(),
                volume.name(),
                volume.members(),
                volume.chunkBytes(),
                volume.layoutId(),
                deviceSizeBytes);
    }

    private static BlockIoException refused(String text) {
        return new BlockIoException(IoError.INVALID, text);
    }
}
