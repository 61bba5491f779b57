package org.kiobd.nbd;

import java.util.Map;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.SingleWriterRecorder;
import org.jspecify.annotations.Nullable;
import org.kiobd.volume.kiobuf.Op;

/**
 * The latencies of one export on one loop, by operation. Written on the loop without a lock, some twenty nanoseconds each; taken by one
 * reader at a time from any thread. An operation takes memory, some 30 KiB, once it has come.
 */
final class Latencies {
    private static final long LONGEST_NANOS = 1_000_000_000_000L;
    private static final int DIGITS = 2;

    private static final Op[] OPS = Op.values();

    /** One place an operation, empty until its first request. */
    private final AtomicReferenceArray<@Nullable SingleWriterRecorder> recorders =
            new AtomicReferenceArray<>(OPS.length);

    /** A total that {@link #moveTo} adds to. */
    static Histogram newTotal() {
        return new Histogram(LONGEST_NANOS, DIGITS);
    }

    /** On the loop. */
    void record(Op op, long nanos) {
        // The place in the enum is only a place in the array: nothing outside sees it.
        int at = op.compareTo(OPS[0]);
        SingleWriterRecorder recorder = recorders.getPlain(at);
        if (recorder == null) {
            recorder = new SingleWriterRecorder(LONGEST_NANOS, DIGITS);
            recorders.setRelease(at, recorder);
        }
        recorder.recordValue(Math.max(0, Math.min(nanos, LONGEST_NANOS)));
    }

    /** Adds what was recorded since the last time to {@code totals}; the caller keeps other readers out. */
    void moveTo(Map<Op, Histogram> totals) {
        for (int i = 0; i < OPS.length; i++) {
            SingleWriterRecorder recorder = recorders.get(i);
            if (recorder != null) {
                totals.computeIfAbsent(OPS[i], key -> newTotal()).add(recorder.getIntervalHistogram());
            }
        }
    }
}
