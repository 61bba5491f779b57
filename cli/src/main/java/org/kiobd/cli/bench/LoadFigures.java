package org.kiobd.cli.bench;

import org.HdrHistogram.Histogram;

/** Counts the requests of one kind and records their latencies. Written by one thread; others read after that thread has finished. */
public final class LoadFigures {
    private static final long LONGEST_NANOS = 3_600_000_000_000L;
    private static final int DIGITS = 3;

    private final Histogram latencies = new Histogram(1, LONGEST_NANOS, DIGITS);

    void add(long latencyNanos) {
        latencies.recordValue(Math.max(1, Math.min(latencyNanos, LONGEST_NANOS)));
    }

    void add(LoadFigures other) {
        latencies.add(other.latencies);
    }

    public long requests() {
        return latencies.getTotalCount();
    }

    /** Returns the latency that {@code percent} of the requests did not exceed; 100 gives the slowest. */
    public long latencyNanos(double percent) {
        return requests() == 0 ? 0 : latencies.getValueAtPercentile(percent);
    }

    public double meanNanos() {
        return requests() == 0 ? 0 : latencies.getMean();
    }
}
