package org.kiobd.raid;

import java.util.Arrays;
import org.kiobd.store.MemberStore;
import org.kiobd.store.format.Superblock;
import org.kiobd.store.format.SuperblockCodec;
import org.kiobd.store.format.VolumeManifest;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;

/** Reads, checks and writes the superblocks of an array's members. Stateless; control threads. */
final class MemberSuperblocks {
    private MemberSuperblocks() {}

    /**
     * Returns the current superblock of {@code store}: the newer of its valid copies.
     *
     * @throws BlockIoException if no copy is valid; the message says what was found instead
     */
    static Superblock read(MemberStore store) throws BlockIoException {
        return SuperblockCodec.newestValid(store.readSuperblock(0), store.readSuperblock(1));
    }

    /**
     * Replaces both copies, one after the other, so that an interruption leaves one valid copy. The event counter determines which copy is
     * written first, so the order alternates. If the sync of the second copy failed and the process ended before it could react, that copy
     * may be readable and yet not durable; therefore the next event overwrites that copy first.
     */
    static void write(MemberStore store, Superblock superblock) throws BlockIoException {
        byte[] encoded = SuperblockCodec.encode(superblock);
        int first = (int) (superblock.eventCounter() % MemberStore.SUPERBLOCK_COPIES);
        for (int i = 0; i < MemberStore.SUPERBLOCK_COPIES; i++) {
            store.writeSuperblock((first + i) % MemberStore.SUPERBLOCK_COPIES, encoded);
        }
    }

    /** Returns whether both copies are equal to {@code superblock}; then the copy written first is durable. */
    static boolean isInBothCopies(MemberStore store, Superblock superblock) throws BlockIoException {
        byte[] encoded = SuperblockCodec.encode(superblock);
        for (int copy = 0; copy < MemberStore.SUPERBLOCK_COPIES; copy++) {
            if (!Arrays.equals(encoded, store.readSuperblock(copy))) {
                return false;
            }
        }
        return true;
    }

    /** Returns the superblock for member {@code index} of the volume that {@code manifest} describes. */
    static Superblock describe(
            VolumeManifest manifest, int index, long eventCounter, Superblock.State state, Superblock.History history) {
        Superblock.Volume volume = volume(manifest);
        return new Superblock(Superblock.Features.NONE, volume, member(volume, index), state, eventCounter, history);
    }

    /** Returns how superblocks describe the volume. */
    static Superblock.Volume volume(VolumeManifest manifest) {
        return new Superblock.Volume(
                manifest.uuid(),
                manifest.name(),
                manifest.members().size(),
                manifest.chunkBytes(),
                manifest.layoutId(),
                manifest.sizeBytes());
    }

    /** Returns how superblocks describe member {@code index} of {@code volume}. */
    static Superblock.Member member(Superblock.Volume volume, int index) {
        long sizeBytes = Personality.of(volume).memberBytes(volume.deviceSizeBytes());
        return new Superblock.Member(index, sizeBytes, Superblock.DATA_OFFSET_BYTES);
    }

    /**
     * Refuses a member that is not the one {@code manifest} expects at {@code index}.
     *
     * @throws BlockIoException if the member does not match; the message names the difference
     */
    static void requireMatch(VolumeManifest manifest, int index, Superblock found) throws BlockIoException {
        Superblock.Volume volume = found.volume();
        if (!volume.uuid().equals(manifest.uuid())) {
            throw refused("belongs to another volume: name=" + volume.name() + " uuid=" + volume.uuid()
                    + " (expected uuid=" + manifest.uuid() + ")");
        }
        if (found.member().index() != index) {
            throw refused("is member " + found.member().index() + " of this volume, not member " + index
                    + ": members are swapped; put them back, or rebuild the entry with kiobd assemble");
        }
        if (volume.members() != manifest.members().size()
                || volume.chunkBytes() != manifest.chunkBytes()
                || volume.layoutId() != manifest.layoutId()) {
            throw refused("says members=" + volume.members() + " chunk=" + volume.chunkBytes() + " layout="
                    + volume.layoutId() + ", the catalog says members="
                    + manifest.members().size() + " chunk=" + manifest.chunkBytes() + " layout=" + manifest.layoutId()
                    + "; rebuild the entry with kiobd assemble");
        }
        requireReadable(found);
    }

    /** Refuses layouts and data offsets that this version does not know. */
    static void requireReadable(Superblock found) throws BlockIoException {
        if (!Personality.isKnown(found.volume().layoutId())
                || found.member().dataOffsetBytes() != Superblock.DATA_OFFSET_BYTES) {
            throw new BlockIoException(
                    IoError.NOT_SUPPORTED,
                    "layout=" + found.volume().layoutId() + " dataOffset="
                            + found.member().dataOffsetBytes() + " is not known to this version; use a newer kiobd");
        }
    }

    /** Refuses to write to a member of a later version that only that version may write to. */
    static void requireWritable(Superblock found) throws BlockIoException {
        if (found.features().readOnlyCompatible() != 0) {
            throw refused("readOnlyCompatible=0x"
                    + Long.toHexString(found.features().readOnlyCompatible())
                    + ": this version may only read it; serve it with --read-only, or use a newer kiobd");
        }
    }

    /** Refuses a member whose data area is shorter than {@code neededBytes}. */
    static void requireLength(MemberStore store, long neededBytes) throws BlockIoException {
        if (store.sizeBytes() < neededBytes) {
            throw refused("is truncated: data area has " + store.sizeBytes() + " bytes, " + neededBytes
                    + " are needed; nothing was changed; restore the member from where it was copied");
        }
    }

    private static BlockIoException refused(String text) {
        return new BlockIoException(IoError.INVALID, text);
    }
}
