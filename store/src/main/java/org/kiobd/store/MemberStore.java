package org.kiobd.store;

import org.jspecify.annotations.Nullable;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;
import org.kiobd.volume.loop.IoLoop;

/**
 * The storage of one member: a file, a database, memory. A {@link MemberStoreProvider} opens it, exclusively unless read-only; each
 * event loop then gets its own {@link MemberPort}. Besides its data area a member has two copies of a superblock; the control methods
 * of this interface read them and write them durably.
 *
 * <p>Threads: any thread may call these methods, one call at a time; calls may block. The data path is in the ports.
 */
public interface MemberStore extends AutoCloseable {
    /** Size of one superblock copy, in bytes. */
    int SUPERBLOCK_BYTES = 4096;

    /** Number of superblock copies in a member. */
    int SUPERBLOCK_COPIES = 2;

    /** Returns the location of the member. */
    MemberUri uri();

    /** Returns what the store can do; always the same while the member is open. Any thread, at any time. */
    MemberCapabilities capabilities();

    /** Returns the current size of the data area, in bytes; only {@link #resize} changes it. Any thread, at any time. */
    long sizeBytes();

    /** Returns whether the member was opened read-only. */
    boolean isReadOnly();

    /** Returns the effective cache mode; it differs from the requested one if the store does not support that one. */
    default CacheMode cacheMode() {
        return CacheMode.WRITEBACK;
    }

    /** Creates the port of {@code loop}. Call it once per loop, on any thread; only the loop may use the port. */
    MemberPort port(IoLoop loop);

    /**
     * Reads one copy of the superblock, {@link #SUPERBLOCK_BYTES} bytes, without interpreting it; zeros if it was never written.
     *
     * @param copy 0 or 1
     * @return the bytes, owned by the caller; null if the store has no superblock (a raw image)
     */
    byte @Nullable [] readSuperblock(int copy) throws BlockIoException;

    /**
     * Replaces one copy of the superblock; it is durable when the method returns. After a failure the caller may call it again, which
     * writes and syncs again. Borrows {@code bytes}, which must have exactly {@link #SUPERBLOCK_BYTES} bytes.
     */
    void writeSuperblock(int copy, byte[] bytes) throws BlockIoException;

    /**
     * Resizes the data area; the size is durable when the method returns. Only growing is allowed, unless no data is stored yet.
     *
     * @param newSizeBytes 0 or more
     * @throws BlockIoException if the size cannot be stored, e.g. on a full disk; {@link #sizeBytes} is then unchanged
     */
    void resize(long newSizeBytes) throws BlockIoException;

    /** Returns the bytes that the data occupies on the medium, for display; -1 if the store cannot tell. */
    long allocatedBytes() throws BlockIoException;

    /**
     * Returns the number of calls and ring operations that moved or synced data since the member was opened; -1 if the store does not
     * count them. Any thread.
     */
    default long submittedOps() {
        return -1;
    }

    /**
     * Begins a copy of this member, including its superblocks, that shares the stored data with the member: to make a snapshot, or to
     * copy one. Writes may go on meanwhile.
     *
     * @param target location of the copy: has the same scheme, does not exist yet, its folder exists
     * @throws BlockIoException if the store cannot share the stored data; the message says what to do instead; nothing was created
     */
    default MemberCopy copyTo(MemberUri target) throws BlockIoException {
        throw new BlockIoException(
                IoError.NOT_SUPPORTED,
                "member=" + uri() + ": a " + uri().scheme()
                        + ": member cannot be snapshotted; nothing was made; kiobd copy makes a full copy");
    }

    /** Returns the figures that only this kind of store has. Any thread, while the store is open. */
    default StoreFigures figures() {
        return StoreFigures.NONE;
    }

    /**
     * Returns whether a sync that failed with {@code error} may have lost data, so that a later successful sync proves nothing. False if
     * the store still has the data and the next sync covers it. Any thread.
     */
    default boolean isSyncFailureFinal(IoError error) {
        return true;
    }

    /**
     * Returns whether any sync has failed for good since the member was opened. The contents of the medium are then unknown, and no
     * superblock may say that the volume is clean. Any thread.
     */
    default boolean hasFailedSync() {
        return false;
    }

    /**
     * Syncs all data to the medium and closes the member. All ports must be closed or idle. A second call does nothing.
     *
     * @throws BlockIoException if the last sync failed: what was written after the last successful FLUSH may be lost
     */
    @Override
    void close() throws BlockIoException;
}
