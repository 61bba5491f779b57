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
 * B11, the sweep LaHaise and Ingo ran at each other: 512 B to 16 MiB, READ and WRITE, over four members in memory, by each strategy, all
 * through the same queue and the same stores. A turn of the loop brings up to 32 adjacent requests, 16 MiB at most. What is compared is
 * measured in turn, round by round, in CPU time of the one thread there is, which others on the machine do not lengthen much; a figure is
 * the median of its rounds.
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
     * What happens to requests between the socket and the members. The colours of the plot are Okabe and Ito's, apart for every kind of
     * sight; the dashes tell them apart in grey.
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

    /** How long a sweep looks. */
    record Effort(int rounds, long sampleNanos) {}

    /** Throughput of every strategy at one size. */
    record Point(Op op, int bytes, Map<Strategy, Double> bytesPerS) {
        double of(Strategy strategy) {
            return Objects.requireNonNull(bytesPerS.get(strategy));
        }

        /** How much faster ours is than {@code other}. */
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
            // Makes the members' pages and warms up every strategy on both ops.
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
     * From which size on ours is not a tenth faster than {@code other} any more, at any larger size either; -1 if it is to the end.
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
