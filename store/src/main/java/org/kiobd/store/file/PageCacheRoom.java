package org.kiobd.store.file;

import java.util.function.LongSupplier;

/**
 * Tells whether a loop may write to the page cache itself. {@link DirtyRoom} must expect that the kernel does not throttle writers; if a write
 * blocked nevertheless ({@link #took}), the next ones stay off the loop for a while, and longer each time. One for each port; confined to its
 * loop.
 */
public final class PageCacheRoom {
    private final FileTuning tuning;
    private final DirtyRoom room;
    private final LongSupplier clock;
    private boolean banned;
    private long bannedUntilNanos;
    private long penaltyNanos;

    /** Shares {@code room} with other ports. */
    public PageCacheRoom(DirtyRoom room) {
        this(room, FileTuning.DEFAULT, System::nanoTime);
    }

    /** @param clock source of time, as {@link System#nanoTime} */
    PageCacheRoom(DirtyRoom room, FileTuning tuning, LongSupplier clock) {
        this.tuning = tuning;
        this.room = room;
        this.clock = clock;
        this.penaltyNanos = tuning.firstPenaltyNanos();
    }

    /** Returns whether {@code bytes} may be written now; counts them as written in any case. */
    public boolean hasRoom(long bytes) {
        return !isBanned() && room.hasRoom(bytes, clock.getAsLong());
    }

    private boolean isBanned() {
        if (banned && clock.getAsLong() - bannedUntilNanos >= 0) {
            banned = false;
        }
        return banned;
    }

    /** Notes how long a WRITE to the page cache took, on the loop or beside it. */
    public void took(long nanos) {
        long endNanos = clock.getAsLong();
        if (nanos > tuning.waitedNanos()) {
            banned = true;
            bannedUntilNanos = endNanos + penaltyNanos;
            penaltyNanos = Math.min(tuning.longestPenaltyNanos(), 2 * penaltyNanos);
        } else if (penaltyNanos > tuning.firstPenaltyNanos() && endNanos - bannedUntilNanos > 2 * penaltyNanos) {
            penaltyNanos = tuning.firstPenaltyNanos();
        }
    }
}
