package org.kiobd.store;

import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;

/**
 * Makes the {@link MemberStore}s of one URI scheme. Found through {@link java.util.ServiceLoader}, so another store is another jar.
 * Any thread.
 */
public interface MemberStoreProvider {

    /** The scheme it answers to, lower case: {@code file}, {@code memory}. */
    String scheme();

    /** How much memory all its members together may take for caches and buffers; said before the first is opened. */
    default void memoryBytes(long bytes) {}

    /**
     * Makes a member that does not exist yet, with an empty data area that reads as zeros, and opens it exclusively.
     *
     * @param sizeBytes length of the data area
     * @throws BlockIoException if something is there already (nothing is touched), or it cannot be made (nothing is left behind)
     */
    MemberStore create(MemberUri uri, long sizeBytes) throws BlockIoException;

    /**
     * Opens a member that exists, exclusively unless read-only.
     *
     * @throws BlockIoException if it is missing, in use by another server, or not permitted: one line that says which and what to do
     */
    MemberStore open(MemberUri uri, boolean readOnly) throws BlockIoException;

    /** Opens something that has no superblock, for one a plain disk image: its data area is all of it. */
    MemberStore openRaw(MemberUri uri, boolean readOnly) throws BlockIoException;

    /**
     * {@link #open(MemberUri, boolean)} with more said about how; a store that knows no more than that ignores the rest.
     *
     * @throws BlockIoException also if the member cannot be opened in this mode: says what to do instead, and nothing was changed
     */
    default MemberStore open(MemberUri uri, OpenOptions options) throws BlockIoException {
        return open(uri, options.readOnly());
    }

    /** {@link #openRaw(MemberUri, boolean)}, likewise. */
    default MemberStore openRaw(MemberUri uri, OpenOptions options) throws BlockIoException {
        return openRaw(uri, options.readOnly());
    }

    boolean exists(MemberUri uri);

    /** Whether something is at this place, a member or not, so that none can be made there. Changes nothing. */
    default boolean isTaken(MemberUri uri) {
        return exists(uri);
    }

    /**
     * Refuses a member that somebody has open, for reading or writing. Changes nothing; a member that is not there is no error.
     *
     * @throws BlockIoException {@link IoError#NOT_PERMITTED} if it is in use
     */
    default void requireUnused(MemberUri uri) throws BlockIoException {
        if (exists(uri)) {
            open(uri, false).close();
        }
    }

    /** Whether {@link #rename} works, so that a member can be made aside; otherwise it is made where it is to be. */
    default boolean canRename() {
        return false;
    }

    /**
     * Gives a member that nobody has open another place in the same folder; durable when it returns.
     *
     * @throws BlockIoException if something is at {@code to}: neither was touched
     */
    default void rename(MemberUri from, MemberUri to) throws BlockIoException {
        throw new BlockIoException(
                IoError.NOT_SUPPORTED, "member=" + from + ": a " + scheme() + ": member cannot be renamed to " + to);
    }

    /** Whether a deletion of this member was begun by {@link #delete} and interrupted, so that nothing but its rest is there. */
    default boolean isHalfDeleted(MemberUri uri) {
        return false;
    }

    /**
     * Bytes a member's data occupies, whoever has it open; -1 if it is not there or the store cannot tell.
     *
     * @throws BlockIoException if it cannot be looked at, so that nobody knows whether it is there
     */
    long allocatedBytes(MemberUri uri) throws BlockIoException;

    /** Bytes that would be free if the member were deleted: what it shares with no other; -1 if it is not there or nobody can tell. */
    default long exclusiveBytes(MemberUri uri) throws BlockIoException {
        return allocatedBytes(uri);
    }

    /** Removes a member that nobody has open; refuses otherwise. A member that is not there is no error. */
    void delete(MemberUri uri) throws BlockIoException;
}
