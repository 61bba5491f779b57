package org.kiobd.store;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Counts how often writes had to wait for a store, by cause, and remembers the last time. Waits that overlap are one stall from the first
 * beginning to the last end. Thread-safe; does not block.
 */
public final class StallWatch {
    private final InstantSource clock;
    private final Map<String, Long> causes = new TreeMap<>();
    private int underWay;
    private Instant began = Instant.EPOCH;
    private StoreFigures.@Nullable Stall last;

    public StallWatch() {
        this(InstantSource.system());
    }

    StallWatch(InstantSource clock) {
        this.clock = clock;
    }

    /**
     * Notes that a write begins to wait; {@link #ended} follows.
     *
     * @param cause what it waits for, for users
     */
    public synchronized void began(String cause) {
        causes.merge(cause, 1L, Long::sum);
        began();
    }

    /** Notes that writes begin to wait for something that is counted elsewhere; {@link #ended} follows. */
    public synchronized void began() {
        if (underWay++ == 0) {
            began = clock.instant();
        }
    }

    /** Notes that a wait is over. */
    public synchronized void ended() {
        underWay--;
        if (underWay == 0) {
            last = stall();
        }
    }

    private StoreFigures.Stall stall() {
        return new StoreFigures.Stall(
                began.toEpochMilli(), Duration.between(began, clock.instant()).toMillis());
    }

    /** Returns the number of waits, by cause. */
    public synchronized Map<String, Long> causes() {
        return new TreeMap<>(causes);
    }

    /** Returns the stall that is under way, up to now, or else the last one; null if there was none. */
    public synchronized StoreFigures.@Nullable Stall last() {
        return underWay > 0 ? stall() : last;
    }
}
