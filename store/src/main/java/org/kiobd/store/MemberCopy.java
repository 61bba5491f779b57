package org.kiobd.store;

import org.kiobd.volume.BlockIoException;

/**
 * A copy of a member in the making, which shares the stored data with the member. Once complete, the copy is independent of the member
 * and can be opened like any other. {@link MemberStore#copyTo} creates it and does all slow work in advance.
 *
 * <p>Threads: any, one call at a time; calls block. The caller deletes a copy that was not completed.
 */
public interface MemberCopy extends AutoCloseable {
    /** Prepares for {@link #fix}, immediately before it and while writes still go on, so that {@link #fix} has little left to do. */
    default void approach() throws BlockIoException {}

    /**
     * Fixes the point in time of the copy: it will have the contents that the member has now. Writes to the member are held back during
     * this call, so it must be quick: milliseconds, whatever the size of the member. Called once.
     */
    void fix() throws BlockIoException;

    /**
     * Completes the copy as of {@link #fix} and makes it durable; the member is in use again meanwhile. Called once.
     *
     * @throws BlockIoException if the copy cannot be written, e.g. on a full disk; the member is unharmed
     */
    void complete() throws BlockIoException;

    /** Releases the member. Does not delete the copy. */
    @Override
    void close() throws BlockIoException;
}
