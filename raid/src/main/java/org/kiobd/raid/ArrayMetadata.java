package org.kiobd.raid;

import java.util.List;
import java.util.UUID;
import org.kiobd.raid.layout.StripeLayout;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;
import org.kiobd.volume.format.Superblock;
import org.kiobd.volume.format.VolumeManifest;
import org.kiobd.volume.store.MemberStore;

/**
 * What an open array says about itself on its members: which event it is at, whether superblocks are kept at all (a raw image and a
 * read-only array write none). Owned by its {@link Raid0Device}; control threads, one at a time.
 */
final class ArrayMetadata {
    private final boolean superblocks;
    private final boolean readOnly;
    private final List<UUID> madeBy;
    private long eventCounter;
    private volatile VolumeManifest manifest;

    private ArrayMetadata(
            VolumeManifest manifest, boolean superblocks, boolean readOnly, long eventCounter, List<UUID> madeBy) {
        this.manifest = manifest;
        this.superblocks = superblocks;
        this.readOnly = readOnly;
        this.eventCounter = eventCounter;
        this.madeBy = List.copyOf(madeBy);
    }

    /**
     * Of an array whose members carry superblocks, at {@code eventCounter}.
     *
     * @param madeBy by index, what each says made it; it keeps saying so
     */
    static ArrayMetadata of(VolumeManifest manifest, boolean readOnly, long eventCounter, List<UUID> madeBy) {
        return new ArrayMetadata(manifest, true, readOnly, eventCounter, madeBy);
    }

    /** Of a plain image. */
    static ArrayMetadata none(VolumeManifest manifest, boolean readOnly) {
        return new ArrayMetadata(manifest, false, readOnly, 0, List.of());
    }

    VolumeManifest manifest() {
        return manifest;
    }

    /** Writes the next event to every member: the array is in use from here on. */
    void markInUse(List<MemberStore> members) throws BlockIoException {
        if (superblocks && !readOnly) {
            writeNext(members, manifest, Superblock.State.IN_USE);
        }
    }

    /**
     * Members first, then superblocks: an interruption leaves members that are longer than they need to be, which harms nobody, or
     * superblocks one event apart, which the next opening rolls forward.
     */
    void grow(List<MemberStore> members, StripeLayout layout, long newSizeBytes) throws BlockIoException {
        VolumeManifest old = manifest;
        if (readOnly) {
            throw new BlockIoException(IoError.NOT_PERMITTED, "volume=" + old.name() + " is read-only: cannot grow it");
        }
        if (newSizeBytes <= old.sizeBytes()) {
            throw new BlockIoException(
                    IoError.INVALID,
                    "volume=" + old.name() + ": size=" + newSizeBytes + " is not more than its size=" + old.sizeBytes()
                            + "; a volume only grows");
        }
        long memberBytes = superblocks ? memberBytes(layout, newSizeBytes) : newSizeBytes;
        for (MemberStore member : members) {
            if (member.sizeBytes() < memberBytes) {
                try {
                    member.resize(memberBytes);
                } catch (BlockIoException e) {
                    throw new BlockIoException(
                            e.error(), e.getMessage() + "; volume=" + old.name() + " keeps size=" + old.sizeBytes(), e);
                }
            }
        }
        VolumeManifest grown = old.withSizeBytes(newSizeBytes);
        if (superblocks) {
            writeNext(members, grown, Superblock.State.IN_USE);
        }
        manifest = grown;
    }

    private static long memberBytes(StripeLayout layout, long deviceBytes) throws BlockIoException {
        try {
            return Math.addExact(layout.memberBytes(deviceBytes), Superblock.DATA_OFFSET_BYTES)
                    - Superblock.DATA_OFFSET_BYTES;
        } catch (ArithmeticException e) {
            throw new BlockIoException(IoError.INVALID, "size=" + deviceBytes + " is more than members can hold", e);
        }
    }

    /** Closes every member; with {@code clean}, they say so first. */
    void close(List<MemberStore> members, boolean clean) throws BlockIoException {
        BlockIoException first = null;
        if (superblocks && !readOnly && clean) {
            try {
                writeNext(members, manifest, Superblock.State.CLEAN);
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

    private void writeNext(List<MemberStore> members, VolumeManifest saying, Superblock.State state)
            throws BlockIoException {
        eventCounter++;
        for (int i = 0; i < members.size(); i++) {
            Superblock.History history = Superblock.History.madeBy(madeBy.get(i));
            MemberSuperblocks.write(
                    members.get(i), MemberSuperblocks.describe(saying, i, eventCounter, state, history));
        }
    }
}
