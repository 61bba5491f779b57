package org.kiobd.nbd;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Counts the refused clients, and bounds what they cost: only a few at a time get an answer, and a burst of refusals is logged at most
 * once in 10 s. Any thread.
 */
final class Refusals {
    /** Limit of refused clients that are being told the reason, which needs a descriptor and a few KiB each. */
    static final int MAX_ANSWERS = 16;

    /** Least time between two log lines about the same limit. */
    static final long LOG_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final Map<String, Long> lastNanos = new HashMap<>();
    private long total;
    private int answers;

    synchronized void add() {
        total++;
    }

    /** Returns the number of refused clients so far. */
    synchronized long total() {
        return total;
    }

    /**
     * Returns whether a refusal is logged: at most one in 10 s for each limit, so that one address at its limit does not hide that the
     * whole server is full.
     *
     * @param limit the limit that refused the client; there are two of them
     */
    synchronized boolean logs(String limit, long nowNanos) {
        Long last = lastNanos.get(limit);
        boolean logs = last == null || nowNanos - last >= LOG_NANOS;
        if (logs) {
            lastNanos.put(limit, nowNanos);
        }
        return logs;
    }

    /** Returns whether a refused client may be told the reason; if so, {@link #endAnswer} follows when its connection is closed. */
    synchronized boolean beginAnswer() {
        if (answers >= MAX_ANSWERS) {
            return false;
        }
        answers++;
        return true;
    }

    synchronized void endAnswer() {
        answers--;
    }
}
