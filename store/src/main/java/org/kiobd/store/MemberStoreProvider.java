package org.kiobd.store;

import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;

/**
 * Creates, opens and deletes the {@link MemberStore}s of one URI scheme, and owns what they share. {@link java.util.ServiceLoader} finds
 * the providers, so a further store needs only a further jar; {@link MemberStores} owns and closes them. Any thread; calls may block.
 *
 * <p>A {@link BlockIoException} has a message of one line for users; its error says whether a member is missing or damaged ({@link
 * IoError#INVALID}, {@link IoError#IO}), in use or not permitted ({@link IoError#NOT_PERMITTED}), or not supported.
 */
public interface MemberStoreProvider extends AutoCloseable {

    /** Returns the URI scheme of the provider, in lower case, e.g. {@code file} or {@code memory}. */
    String scheme();

    /** Sets how much memory all members of this scheme together may use for caches and buffers; to be called before the first open. */
    default void memoryBytes(long bytes) {}

    /**
     * Creates a member with a data area that reads as zeros, and opens it exclusively.
     *
     * @param sizeBytes length of the data area
     * @throws BlockIoException if the location is in use (nothing is touched), or the member cannot be created (nothing is left behind)
     */
    MemberStore create(MemberUri uri, long sizeBytes) throws BlockIoException;

    /**
     * Opens an existing member, exclusively unless read-only.
     *
     * @throws BlockIoException if the member is missing, in use by another server, or access is not permitted; the message is one line
     *     with the reason and what to do
     */
    MemberStore open(MemberUri uri, boolean readOnly) throws BlockIoException;

    /** Opens a medium without a superblock, e.g. a plain disk image; the data area is the whole medium. */
    MemberStore openRaw(MemberUri uri, boolean readOnly) throws BlockIoException;

    /**
     * Opens an existing member like {@link #open(MemberUri, boolean)}, with further options. By default ignores all options except
     * read-only.
     *
     * @throws BlockIoException also if the member cannot be opened in this cache mode; the message says what to do instead; nothing was
     *     changed
     */
    default MemberStore open(MemberUri uri, OpenOptions options) throws BlockIoException {
        return open(uri, options.readOnly());
    }

    /** Opens a medium like {@link #openRaw(MemberUri, boolean)}, with further options; see {@link #open(MemberUri, OpenOptions)}. */
    default MemberStore openRaw(MemberUri uri, OpenOptions options) throws BlockIoException {
        return openRaw(uri, options.readOnly());
    }

    /** Returns whether a member is at this location; false also if the location cannot be accessed. */
    boolean exists(MemberUri uri);

    /** Returns whether anything is at this location, a member or not, so that no member can be created there. Changes nothing. */
    default boolean isTaken(MemberUri uri) {
        return exists(uri);
    }

    /**
     * Throws if the member is open anywhere, for reading or writing. Changes nothing; a missing member is no error.
     *
     * @throws BlockIoException {@link IoError#NOT_PERMITTED} if the member is in use
     */
    default void requireUnused(MemberUri uri) throws BlockIoException {
        if (exists(uri)) {
            open(uri, false).close();
        }
    }

    /** Returns whether a member keeps its data when the process that made it ends. */
    default boolean outlivesProcess() {
        return true;
    }

    /** Returns whether {@link #rename} works. If not, a change creates a member at its final instead of at a temporary location. */
    default boolean canRename() {
        return false;
    }

    /**
     * Renames a member that is not open, within its folder; the new name is durable when the method returns.
     *
     * @throws BlockIoException if something is at {@code to}; neither was touched
     */
    default void rename(MemberUri from, MemberUri to) throws BlockIoException {
        throw new BlockIoException(
                IoError.NOT_SUPPORTED, "member=" + from + ": a " + scheme() + ": member cannot be renamed to " + to);
    }

    /** Returns whether {@link #delete} of this member was interrupted, so that only remains of the member are there. */
    default boolean isHalfDeleted(MemberUri uri) {
        return false;
    }

    /**
     * Returns the bytes that the data of a member occupies, whether or not the member is open; -1 if it does not exist or the store cannot
     * tell.
     *
     * @throws BlockIoException if the location is not accessible, so that the store cannot tell whether the member exists
     */
    long allocatedBytes(MemberUri uri) throws BlockIoException;

    /**
     * Returns the bytes that a deletion of the member would free, because it shares them with no other member; -1 if it does not exist or
     * the store cannot tell.
     */
    default long exclusiveBytes(MemberUri uri) throws BlockIoException {
        return allocatedBytes(uri);
    }

    /** Deletes a member; throws if it is open anywhere. A missing member is no error. */
    void delete(MemberUri uri) throws BlockIoException;

    /**
     * Frees what the members of this provider share. No member is created or opened afterwards; members that are still open keep what they
     * use until they are closed. A second call does nothing.
     */
    @Override
    default void close() {}
}
