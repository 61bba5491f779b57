package org.kiobd.store;

import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;
import org.kiobd.volume.loop.IoLoop;

/**
 * Where one member keeps its bytes: a file, a database, memory. Opened once, exclusively, by a {@link MemberStoreProvider}; each event
 * loop then gets its own {@link MemberPort}. Beside its data area it keeps two copies of a superblock, which these control methods
 * read and write durably.
 *
 * <p>Threads: everything here from any thread, one call at a time, blocking allowed; the data path is in the ports.
 */
public interface MemberStore extends AutoCloseable {
    /** Bytes one superblock copy may take. */
    int SUPERBLOCK_BYTES = 4096;

    /** Copies of the superblock a store keeps. */
    int SUPERBLOCK_COPIES = 2;

    /** Where it lives. */
    MemberUri uri();

    MemberCapabilities capabilities();

    /** Bytes of the data area now. */
    long sizeBytes();

    /** Whether it was opened for reading only. */
    boolean isReadOnly();

    /** The mode it works in, which is not the one asked for where the store has no use for that. */
    default CacheMode cacheMode() {
        return CacheMode.WRITEBACK;
    }

    /** This loop's way in; one per loop, asked for on any thread, used on the loop only. */
    MemberPort port(IoLoop loop);

    /**
     * One copy of the superblock as it stands, {@link #SUPERBLOCK_BYTES} bytes; returns owned.
     *
     * @param copy 0 or 1
     * @return null where the store keeps none (a raw image)
     */
    byte @Nullable [] readSuperblock(int copy) throws BlockIoException;

    /**
     * Replaces one copy; durable when it returns. After a failure it may be called again, and writes and syncs again. Borrows {@code bytes}, exactly {@link #SUPERBLOCK_BYTES} of them.
     */
    void writeSuperblock(int copy, byte[] bytes) throws BlockIoException;

    /** Makes the data area {@code newSizeBytes} long; durable when it returns. Growing only, unless nothing is stored there yet. */
    void resize(long newSizeBytes) throws BlockIoException;

    /** Bytes the data really occupies, for people; -1 if the store cannot tell. */
    long allocatedBytes() throws BlockIoException;

    /** Calls or ring operations that moved data or synced it since it was opened; -1 if the store does not count. Any thread. */
    default long submittedOps() {
        return -1;
    }

    /**
     * Begins a copy of this member, superblocks included, that shares what it holds: for a snapshot, or of one. Writes go on meanwhile.
     *
     * @param target where the copy goes: same scheme, nothing there yet, its folder exists
     * @throws BlockIoException if it would have to copy what is stored; says what to do instead, and nothing was made
     */
    default MemberCopy copyTo(MemberUri target) throws BlockIoException {
        throw new BlockIoException(
                IoError.NOT_SUPPORTED,
                "member=" + uri() + ": a " + uri().scheme()
                        + ": member cannot be snapshotted; nothing was made; kiobd copy makes a full copy");
    }

    /** What else a person might want to know of it while it is in use, by name; empty where there is nothing. Any thread. */
    default Map<String, Long> figures() {
        return Map.of();
    }

    /**
     * Whether a sync that failed with {@code error} may have lost what it was to save, so that none that follows can be believed. False
     * where the store still has it, and the next sync covers it. Any thread.
     */
    default boolean isSyncFailureFinal(IoError error) {
        return true;
    }

    /**
     * Whether a sync has failed for good since it was opened, whoever made it: then it is not known what the medium has, and nobody may write
     * that it is clean. Any thread.
     */
    default boolean hasFailedSync() {
        return false;
    }

    /** Forces everything to the medium and hasRoom go of the member. Ports are closed or idle. */
    @Override
    void close() throws BlockIoException;
}
