package org.kiobd.store.rocksdb;

import java.util.concurrent.atomic.AtomicLong;
import org.kiobd.volume.IoError;

/**
 * Tracks whether mutations of a member fail because there is no space. An operation reads {@link #current} before it begins, and hands that to {@link
 * #ended} if it succeeds: a success says nothing of a failure that came after it began. Thread-safe, without locks; a member that is short of
 * nothing costs an operation one volatile read.
 */
final class SpaceShortage {
    /** No mutation fails for want of space. */
    static final long NONE = 0;

    private final AtomicLong failures = new AtomicLong();
    private final AtomicLong current = new AtomicLong(NONE);

    /** Returns the number of the last failure for want of space, 1 or more; {@link #NONE} if a mutation has succeeded since. */
    long current() {
        return current.get();
    }

    /** Notes that a mutation failed with {@code error}. */
    void failed(IoError error) {
        if (error == IoError.NO_SPACE) {
            current.set(failures.incrementAndGet());
        }
    }

    /**
     * Notes that a mutation succeeded.
     *
     * @param before what {@link #current} returned before the mutation began
     * @return whether this ended a shortage; one caller is told so
     */
    boolean ended(long before) {
        return before != NONE && current.compareAndSet(before, NONE);
    }
}
