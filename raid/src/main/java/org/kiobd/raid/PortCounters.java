package org.kiobd.raid;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Counts the work of one event loop on an array. Only that loop writes the counters, without atomic read-modify-write instructions; any
 * thread may read them.
 */
final class PortCounters {
    final AtomicLong requests = new AtomicLong();
    final AtomicLong chains = new AtomicLong();
    final AtomicLong memberOps = new AtomicLong();
    final AtomicLong reissuedOps = new AtomicLong();
    final AtomicLong readBytes = new AtomicLong();
    final AtomicLong writtenBytes = new AtomicLong();
    final AtomicLong failedRequests = new AtomicLong();
    final AtomicLongArray ops;
    final AtomicLongArray inFlight;
    final AtomicLongArray maxInFlight;
    final AtomicLongArray maxAgeMicros;
    final AtomicLongArray errors;

    PortCounters(int members) {
        ops = new AtomicLongArray(members);
        inFlight = new AtomicLongArray(members);
        maxInFlight = new AtomicLongArray(members);
        maxAgeMicros = new AtomicLongArray(members);
        errors = new AtomicLongArray(members);
    }

    /** Adds {@code amount} with a plain read and an ordered write, which is enough for a single writer. */
    static void add(AtomicLong counter, long amount) {
        counter.lazySet(counter.getPlain() + amount);
    }

    static void add(AtomicLongArray counters, int index, long amount) {
        counters.lazySet(index, counters.getPlain(index) + amount);
    }

    static void max(AtomicLongArray counters, int index, long value) {
        if (value > counters.getPlain(index)) {
            counters.lazySet(index, value);
        }
    }
}
