package org.kiobd.store;

import org.kiobd.volume.BlockIoException;

/**
 * A copy of a member that is being made, and shares with it what it holds. It can be opened like any member once it is complete, and is
 * then independent of it. Made by {@link MemberStore#copyTo}, which does beforehand whatever takes long.
 *
 * <p>Threads: any, one call at a time; calls block. A copy that was not completed is the caller's to delete.
 */
public interface MemberCopy extends AutoCloseable {
    /** Just before {@link #fix}, with writes still going on: leaves as little to that as can be. */
    default void approach() throws BlockIoException {}

    /** Fixes the moment: the copy will be what the member holds now. Nobody writes to the member during this call, so it is quick. */
    void fix() throws BlockIoException;

    /** Makes the copy whole and durable, as of {@link #fix}; the member is in use again meanwhile. */
    void complete() throws BlockIoException;

    /** Lets go of the member. */
    @Override
    void close() throws BlockIoException;
}
