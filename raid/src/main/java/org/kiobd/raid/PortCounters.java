package org.kiobd.raid;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.function.Function;
import org.kiobd.volume.DeviceCounters;
import org.kiobd.volume.DeviceCounters.MemberCounters;

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

    /** Returns the counters of a device of {@code members} members, summed over its loops. Any thread. */
    static DeviceCounters sum(List<PortCounters> loops, int members) {
        List<MemberCounters> perMember = new ArrayList<>();
        for (int i = 0; i < members; i++) {
            perMember.add(new MemberCounters(
                    sum(loops, c -> c.ops, i),
                    sum(loops, c -> c.inFlight, i),
                    max(loops, c -> c.maxInFlight, i),
                    max(loops, c -> c.maxAgeMicros, i),
                    sum(loops, c -> c.errors, i)));
        }
        return new DeviceCounters(
                sum(loops, c -> c.requests),
                sum(loops, c -> c.chains),
                sum(loops, c -> c.memberOps),
                sum(loops, c -> c.reissuedOps),
                sum(loops, c -> c.readBytes),
                sum(loops, c -> c.writtenBytes),
                sum(loops, c -> c.failedRequests),
                perMember);
    }

    private static long sum(List<PortCounters> loops, Function<PortCounters, AtomicLong> counter) {
        return loops.stream().mapToLong(c -> counter.apply(c).get()).sum();
    }

    private static long sum(List<PortCounters> loops, Function<PortCounters, AtomicLongArray> counters, int index) {
        return loops.stream().mapToLong(c -> counters.apply(c).get(index)).sum();
    }

    private static long max(List<PortCounters> loops, Function<PortCounters, AtomicLongArray> counters, int index) {
        return loops.stream().mapToLong(c -> counters.apply(c).get(index)).max().orElse(0);
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
