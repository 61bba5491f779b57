package org.kiobd.raid;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kiobd.store.MemberStore;
import org.kiobd.store.format.Superblock;
import org.kiobd.store.format.VolumeManifest;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;

/**
 * The manifest of an open array and the superblocks of its members. A raw image has no superblocks, and a read-only array writes none.
 * Owned by its {@link Volume}; control threads, one at a time.
 */
final class ArrayMetadata {
    private final boolean readOnly;
    /** Null if no superblocks are written. */
    private final @Nullable MemberRounds rounds;

    private volatile VolumeManifest manifest;

    private ArrayMetadata(VolumeManifest manifest, boolean readOnly, @Nullable MemberRounds rounds) {
        this.manifest = manifest;
        this.readOnly = readOnly;
        this.rounds = rounds;
    }

    /** Begins a use of an array whose members have superblocks; the array is in use when the method returns. */
    static ArrayMetadata begin(VolumeManifest manifest, MemberRounds rounds) throws BlockIoException {
        rounds.begin(manifest.name());
        return new ArrayMetadata(manifest, false, rounds);
    }

    /** Returns the metadata of an array that is only read. */
    static ArrayMetadata readOnly(VolumeManifest manifest) {
        return new ArrayMetadata(manifest, true, null);
    }

    /** Returns the metadata of a plain image. */
    static ArrayMetadata none(VolumeManifest manifest, boolean readOnly) {
        return new ArrayMetadata(manifest, readOnly, null);
    }

    VolumeManifest manifest() {
        return manifest;
    }

    /**
     * Grows the members first, then writes the superblocks. An interruption leaves members that are longer than necessary, which is
     * harmless, or a round that the next growth, the close or the next opening completes.
     *
     * @throws BlockIoException if the growth failed; {@link #manifest} has the size that is valid then
     */
    void grow(List<MemberStore> members, Personality personality, long newSizeBytes) throws BlockIoException {
        if (readOnly) {
            throw new BlockIoException(
                    IoError.NOT_PERMITTED, "volume=" + manifest.name() + " is read-only: cannot grow it");
        }
        if (rounds != null && rounds.carryOn()) {
            manifest = manifest.withSizeBytes(rounds.last().volume().deviceSizeBytes());
            if (newSizeBytes == manifest.sizeBytes()) {
                return;
            }
        }
        VolumeManifest old = manifest;
        if (newSizeBytes <= old.sizeBytes()) {
            throw new BlockIoException(
                    IoError.INVALID,
                    "volume=" + old.name() + ": size=" + newSizeBytes + " is not more than its size=" + old.sizeBytes()
                            + "; a volume only grows");
        }
        long memberBytes = rounds == null ? newSizeBytes : memberBytes(personality, newSizeBytes);
        for (MemberStore member : members) {
            lengthen(member, memberBytes, old);
        }
        if (rounds != null) {
            rounds.grow(newSizeBytes);
        }
        manifest = old.withSizeBytes(newSizeBytes);
    }

    /**
     * Resizes a member even if it is long enough: an earlier attempt may have failed to make its length durable, and the superblocks will
     * rely on it.
     */
    private static void lengthen(MemberStore member, long memberBytes, VolumeManifest old) throws BlockIoException {
        try {
            member.resize(Math.max(memberBytes, member.sizeBytes()));
        } catch (BlockIoException e) {
            throw new BlockIoException(
                    e.error(), e.getMessage() + "; volume=" + old.name() + " keeps size=" + old.sizeBytes(), e);
        }
    }

    private static long memberBytes(Personality personality, long deviceBytes) throws BlockIoException {
        try {
            return Math.addExact(personality.memberBytes(deviceBytes), Superblock.DATA_OFFSET_BYTES)
                    - Superblock.DATA_OFFSET_BYTES;
        } catch (ArithmeticException e) {
            throw new BlockIoException(IoError.INVALID, "size=" + deviceBytes + " is more than members can hold", e);
        }
    }

    /** Closes every member; if {@code clean}, first marks the members clean. */
    void close(List<MemberStore> members, boolean clean) throws BlockIoException {
        BlockIoException first = null;
        if (rounds != null) {
            try {
                rounds.end(clean);
            } catch (BlockIoException e) {
                first = e;
            }
        }
        for (MemberStore member : members) {
            try {
                member.close();
            } catch (BlockIoException e) {
                first = first == null ? e : first;
            }
        }
        if (first != null) {
            throw first;
        }
    }
}
