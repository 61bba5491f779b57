package org.kiobd.nbd;

import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.SingleWriterRecorder;
import org.kiobd.volume.kiobuf.Op;

/**
 * The latencies of one export on one loop, by operation. Written on the loop without a lock, some twenty nanoseconds each; taken by one
 * reader at a time from any thread.
 */
final class Latencies {
    private static final long LONGEST_NANOS = 1_000_000_000_000L;
    private static final int DIGITS = 2;

    private final Map<Op, SingleWriterRecorder> recorders = new EnumMap<>(Op.class);

    Latencies() {
        for (Op op : Op.values()) {
            recorders.put(op, new SingleWriterRecorder(LONGEST_NANOS, DIGITS));
        }
    }

    /** A total that {@link #moveTo} adds to. */
    static Histogram newTotal() {
        return new Histogram(LONGEST_NANOS, DIGITS);
    }

    /** On the loop. */
    void record(Op op, long nanos) {
        Objects.requireNonNull(recorders.get(op)).recordValue(Math.max(0, Math.min(nanos, LONGEST_NANOS)));
    }

    /** Adds what was recorded since the last time to {@code totals}; the caller keeps other readers out. */
    void moveTo(Map<Op, Histogram> totals) {
        recorders.forEach(
                (op, recorder) -> totals.computeIfAbsent(op, key -> newTotal()).add(recorder.getIntervalHistogram()));
    }
}
