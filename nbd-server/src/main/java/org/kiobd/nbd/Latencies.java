package org.kiobd.nbd;

import java.util.Map;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.SingleWriterRecorder;
import org.jspecify.annotations.Nullable;
import org.kiobd.volume.kiobuf.Op;

/**
 * The latencies of one export on one loop, by operation. The loop records them without a lock, in about 20 ns each; one reader at a time
 * collects them, from any thread. An operation takes about 30 KiB of memory from its first request on.
 */
final class Latencies {
    private static final long LONGEST_NANOS = 1_000_000_000_000L;
    private static final int DIGITS = 2;

    private static final Op[] OPS = Op.values();

    /** One recorder per operation, null until the operation's first request. */
    private final AtomicReferenceArray<@Nullable SingleWriterRecorder> recorders =
            new AtomicReferenceArray<>(OPS.length);

    /** Creates a histogram for the totals of {@link #moveTo}. */
    static Histogram newTotal() {
        return new Histogram(LONGEST_NANOS, DIGITS);
    }

    /** Records how long a request took. On the loop. */
    void record(Op op, long nanos) {
        // The position in the enum is only an array index: nothing outside depends on it.
        int at = op.compareTo(OPS[0]);
        SingleWriterRecorder recorder = recorders.getPlain(at);
        if (recorder == null) {
            recorder = new SingleWriterRecorder(LONGEST_NANOS, DIGITS);
            recorders.setRelease(at, recorder);
        }
        recorder.recordValue(Math.max(0, Math.min(nanos, LONGEST_NANOS)));
    }

    /** Adds the values recorded since the last call to {@code totals}. The caller must keep other readers out. */
    void moveTo(Map<Op, Histogram> totals) {
        for (int i = 0; i < OPS.length; i++) {
            SingleWriterRecorder recorder = recorders.get(i);
            if (recorder != null) {
                totals.computeIfAbsent(OPS[i], key -> newTotal()).add(recorder.getIntervalHistogram());
            }
        }
    }
}
