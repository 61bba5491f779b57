package org.kiobd.it.bench;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.kiobd.raid.Volume;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.Op;
import org.kiobd.volume.queue.MergeLimits;
import org.kiobd.volume.queue.RequestQueue;

/**
 * B11, the sweep that LaHaise and Ingo ran against each other: 512 B to 16 MiB, READ and WRITE, over four members in memory, for
 * each strategy, all through the same queue and the same stores. A turn of the event loop has up to 32 adjacent requests, 16 MiB at most.
 * The strategies take turns, round by round. The measure is the CPU time of the only thread, on which other load on the machine has little
 * effect; each figure is the median of its rounds.
 */
final class SizeSweep implements AutoCloseable {
    static final int FIRST_BYTES = 512;
    static final int LAST_BYTES = 16 << 20;
    static final int DEPTH = 32;
    private static final int MEMBERS = 4;
    private static final int CHUNK_BYTES = 64 << 10;
    private static final long SIZE_BYTES = 64L << 20;
    private static final double NANOS_PER_S = 1e9;

    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    private final TurnedLoop loop = new TurnedLoop();
    private final Payload payload = new Payload(LAST_BYTES);
    private final BenchArray array = BenchArray.inMemory(MEMBERS, SIZE_BYTES, CHUNK_BYTES);
    private final Map<Strategy, RequestQueue> queues = new EnumMap<>(Strategy.class);
    private long offsetBytes;
    private int ended;
    private int failed;

    /**
     * The ways to process requests between the socket and the members. The plot uses the palette of Okabe and Ito, which people with any
     * color vision can distinguish; the dashes distinguish the lines in gray.
     */
    enum Strategy {
        MERGE_THEN_SPLIT("merge, then split", "#0072B2", "none"),
        NO_MERGE("no merge", "#E69F00", "6 3"),
        DUPLICATE_CHAIN("duplicate chain", "#009E73", "2 2"),
        FLATTEN_COPY("flatten, copy", "#D55E00", "8 2 2 2");

        private final String title;
        private final String colour;
        private final String dash;

        Strategy(String title, String colour, String dash) {
            this.title = title;
            this.colour = colour;
            this.dash = dash;
        }

        String title() {
            return title;
        }

        String colour() {
            return colour;
        }

        String dash() {
            return dash;
        }
    }

    /** The number of rounds of a sweep and the length of a sample. */
    record Effort(int rounds, long sampleNanos) {}

    /** Throughput of every strategy for one op and size, in bytes per second of CPU time. */
    record Point(Op op, int bytes, Map<Strategy, Double> bytesPerS) {
        double of(Strategy strategy) {
            return Objects.requireNonNull(bytesPerS.get(strategy));
        }

        /** Returns the throughput of merge-then-split divided by that of {@code other}. */
        double gain(Strategy other) {
            return of(Strategy.MERGE_THEN_SPLIT) / of(other);
        }
    }

    private SizeSweep() throws BlockIoException {
        Volume device = array.device();
        MergeLimits limits = MergeLimits.DEFAULT;
        queues.put(Strategy.MERGE_THEN_SPLIT, new RequestQueue(device, loop, limits));
        queues.put(Strategy.NO_MERGE, new RequestQueue(device, loop, limits.withoutMerging()));
        queues.put(Strategy.DUPLICATE_CHAIN, new RequestQueue(new DuplicatingDevice(device, loop), loop, limits));
        queues.put(Strategy.FLATTEN_COPY, new RequestQueue(new FlatteningDevice(device, loop), loop, limits));
    }

    static List<Point> run(Effort effort) throws BlockIoException {
        try (SizeSweep sweep = new SizeSweep()) {
            // Allocates the pages of the members and warms up every strategy with both ops.
            sweep.points(Op.WRITE, new Effort(1, effort.sampleNanos));
            sweep.points(Op.READ, new Effort(1, effort.sampleNanos));
            List<Point> points = new ArrayList<>(sweep.points(Op.READ, effort));
            points.addAll(sweep.points(Op.WRITE, effort));
            return points;
        }
    }

    private List<Point> points(Op op, Effort effort) {
        List<Point> points = new ArrayList<>();
        for (int bytes = FIRST_BYTES; bytes <= LAST_BYTES; bytes *= 2) {
            points.add(point(op, bytes, effort));
        }
        return points;
    }

    private Point point(Op op, int bytes, Effort effort) {
        Map<Strategy, double[]> rounds = new EnumMap<>(Strategy.class);
        for (Strategy strategy : Strategy.values()) {
            rounds.put(strategy, new double[effort.rounds]);
        }
        for (int round = 0; round < effort.rounds; round++) {
            int at = round;
            rounds.forEach((strategy, found) -> found[at] = sample(strategy, op, bytes, effort.sampleNanos));
        }
        Map<Strategy, Double> medians = new EnumMap<>(Strategy.class);
        rounds.forEach((strategy, found) -> {
            Arrays.sort(found);
            medians.put(strategy, found[found.length / 2]);
        });
        return new Point(op, bytes, medians);
    }

    private double sample(Strategy strategy, Op op, int bytes, long sampleNanos) {
        RequestQueue queue = Objects.requireNonNull(queues.get(strategy));
        int count = Math.min(DEPTH, LAST_BYTES / bytes);
        long startNanos = System.nanoTime();
        long startCpuNanos = THREADS.getCurrentThreadCpuTime();
        long done = 0;
        do {
            batch(queue, op, bytes, count);
            done += (long) bytes * count;
        } while (System.nanoTime() - startNanos < sampleNanos);
        return done * NANOS_PER_S / (THREADS.getCurrentThreadCpuTime() - startCpuNanos);
    }

    private void batch(RequestQueue queue, Op op, int bytes, int count) {
        if (offsetBytes + (long) bytes * count > SIZE_BYTES) {
            offsetBytes = 0;
        }
        ended = 0;
        for (int i = 0; i < count; i++) {
            Kiobuf request = payload.request(loop, op, offsetBytes, i * bytes, bytes);
            request.addNotifier((completion, error) -> {
                ended++;
                failed += error == null ? 0 : 1;
            });
            queue.accept(request);
            offsetBytes += bytes;
        }
        loop.turn();
        if (ended != count || failed != 0) {
            throw new IllegalStateException("requests=" + count + " ended=" + ended + " failed=" + failed);
        }
    }

    /**
     * Returns the smallest size from which on merge-then-split is less than a tenth faster than {@code other}, at all larger sizes, too; -1
     * if it is a tenth faster at the largest size.
     */
    static int crossoverBytes(List<Point> points, Op op, Strategy other) {
        int crossover = -1;
        for (Point point : points) {
            if (point.op == op) {
                boolean even = point.gain(other) < 1.1;
                crossover = !even ? -1 : crossover < 0 ? point.bytes : crossover;
            }
        }
        return crossover;
    }

    @Override
    public void close() throws BlockIoException {
        loop.close();
        array.close();
        payload.close();
    }
}
