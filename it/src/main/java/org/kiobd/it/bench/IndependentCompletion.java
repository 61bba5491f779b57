package org.kiobd.it.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;
import org.kiobd.raid.layout.StripeLayout;
import org.kiobd.store.MemberUri;
import org.kiobd.volume.BlockDevice;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.Op;
import org.kiobd.volume.loop.IoEngine;
import org.kiobd.volume.loop.IoLoops;
import org.kiobd.volume.loop.NettyIoLoop;
import org.kiobd.volume.queue.MergeLimits;
import org.kiobd.volume.queue.RequestQueue;

/**
 * B6, "objects keep independent completion": measures the latency of originals that have no byte on a slow member. Batches of adjacent
 * WRITEs are merged on a real event loop, over four members of which one may be 10 ms late. One batch is in flight at a time.
 */
final class IndependentCompletion implements AutoCloseable {
    static final int SLOW_MEMBER = 1;
    static final int ORIGINALS = 256;
    private static final int ORIGINAL_BYTES = 4096;
    private static final int CHUNK_BYTES = 64 << 10;
    private static final int MEMBERS = 4;
    private static final int BATCH_BYTES = ORIGINALS * ORIGINAL_BYTES;
    private static final long SIZE_BYTES = 16L << 20;
    private static final long SLOWER_NANOS = 10_000_000;
    private static final int BATCH_TIMEOUT_S = 30;
    private static final long LONGEST_NANOS = TimeUnit.SECONDS.toNanos(BATCH_TIMEOUT_S);

    private final IoLoops loops = new IoLoops(IoEngine.NIO, 1);
    private final NettyIoLoop loop = loops.next();
    private final Payload payload = new Payload(BATCH_BYTES);
    private final BenchArray array;
    private final StripeLayout layout;
    private final CompletableFuture<RequestQueue> queue = new CompletableFuture<>();

    /** Latencies of the originals that are not on the slow member, and of those that are. */
    record Latencies(Histogram off, Histogram on) {
        static Latencies none() {
            return new Latencies(new Histogram(LONGEST_NANOS, 3), new Histogram(LONGEST_NANOS, 3));
        }

        void add(Latencies more) {
            off.add(more.off);
            on.add(more.on);
        }
    }

    private IndependentCompletion(boolean slow, boolean wholeChain) throws BlockIoException {
        List<MemberUri> members = new ArrayList<>();
        for (int i = 0; i < MEMBERS; i++) {
            members.add(RiggedStoreProvider.place(
                    slow && i == SLOW_MEMBER
                            ? (op, on, to) -> on.schedule(() -> to.submit(op), SLOWER_NANOS)
                            : (op, on, to) -> to.submit(op)));
        }
        array = new BenchArray(SIZE_BYTES, CHUNK_BYTES, members);
        layout = StripeLayout.of(array.device().manifest());
        BlockDevice device =
                wholeChain ? new WholeChainDevice(array.device(), WholeChainDevice.Rule.ALL) : array.device();
        loop.execute(() -> queue.complete(new RequestQueue(device, loop, MergeLimits.DEFAULT)));
    }

    /**
     * Runs some batches as warm-up and then {@code batches} measured ones.
     *
     * @param slow whether one member is late
     * @param wholeChain whether the originals of a chain complete together
     */
    static Latencies run(boolean slow, boolean wholeChain, int batches) throws BlockIoException {
        try (IndependentCompletion run = new IndependentCompletion(slow, wholeChain)) {
            run.batches(batches / 4 + 1);
            return run.batches(batches);
        }
    }

    private Latencies batches(int count) {
        Latencies latencies = Latencies.none();
        for (int i = 0; i < count; i++) {
            CompletableFuture<Void> ended = new CompletableFuture<>();
            long offsetBytes = (long) i * BATCH_BYTES % SIZE_BYTES;
            loop.execute(() -> submit(offsetBytes, latencies, ended));
            ended.orTimeout(BATCH_TIMEOUT_S, TimeUnit.SECONDS).join();
        }
        return latencies;
    }

    private void submit(long offsetBytes, Latencies latencies, CompletableFuture<Void> ended) {
        int[] left = {ORIGINALS};
        for (int i = 0; i < ORIGINALS; i++) {
            int at = i * ORIGINAL_BYTES;
            Kiobuf original = payload.request(loop, Op.WRITE, offsetBytes + at, at, ORIGINAL_BYTES);
            // The chunk size is a multiple of the original size, so each original is on one member.
            boolean slow = layout.member(original.offsetBytes()) == SLOW_MEMBER;
            Histogram histogram = slow ? latencies.on() : latencies.off();
            long startNanos = System.nanoTime();
            original.addNotifier((completion, error) -> {
                histogram.recordValue(System.nanoTime() - startNanos);
                left[0]--;
                if (left[0] == 0) {
                    ended.complete(null);
                }
            });
            queue.join().accept(original);
        }
    }

    @Override
    public void close() throws BlockIoException {
        array.close();
        loops.close();
        payload.close();
    }

    /**
     * How many originals of a batch completed while the slow member held its operations, how many are on that member, and how many
     * completed after it released them. Nothing is timed.
     */
    record Order(int endedBefore, int onSlowMember, int endedAfter) {}

    /** Runs one batch over a member that holds its operations until the event loop has no other work. */
    static Order order(boolean wholeChain) throws BlockIoException {
        List<Runnable> held = new ArrayList<>();
        List<MemberUri> members = new ArrayList<>();
        for (int i = 0; i < MEMBERS; i++) {
            members.add(RiggedStoreProvider.place(
                    i == SLOW_MEMBER ? (op, on, to) -> held.add(() -> to.submit(op)) : (op, on, to) -> to.submit(op)));
        }
        try (Payload payload = new Payload(BATCH_BYTES);
                BenchArray array = new BenchArray(SIZE_BYTES, CHUNK_BYTES, members);
                TurnedLoop loop = new TurnedLoop()) {
            BlockDevice device =
                    wholeChain ? new WholeChainDevice(array.device(), WholeChainDevice.Rule.ALL) : array.device();
            RequestQueue queue = new RequestQueue(device, loop, MergeLimits.DEFAULT);
            StripeLayout stripes = StripeLayout.of(array.device().manifest());
            int[] ended = new int[1];
            int onSlow = 0;
            for (int i = 0; i < ORIGINALS; i++) {
                int at = i * ORIGINAL_BYTES;
                Kiobuf original = payload.request(loop, Op.WRITE, at, at, ORIGINAL_BYTES);
                onSlow += stripes.member(at) == SLOW_MEMBER ? 1 : 0;
                original.addNotifier((completion, error) -> ended[0]++);
                queue.accept(original);
            }
            loop.turn();
            int before = ended[0];
            held.forEach(Runnable::run);
            loop.turn();
            return new Order(before, onSlow, ended[0] - before);
        }
    }
}
