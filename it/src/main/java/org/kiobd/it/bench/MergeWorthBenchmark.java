package org.kiobd.it.bench;

import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.DeviceCounters;
import org.kiobd.volume.kiobuf.Op;
import org.kiobd.volume.queue.MergeLimits;
import org.kiobd.volume.queue.RequestQueue;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * B4, "merging is worth it at all": sends WRITEs of 4 KiB through the real queue, merge window and array to four members, 32 in each turn
 * of the event loop. Members in memory cost one copy and no system call, so this is the case in which merging saves least. The score is
 * the time of one request.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 4, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Fork(1)
@State(Scope.Thread)
public class MergeWorthBenchmark {
    static final int DEPTH = 32;
    private static final int BLOCK_BYTES = 4096;
    private static final int CHUNK_BYTES = 64 << 10;
    private static final int MEMBERS = 4;
    private static final long SIZE_BYTES = 64L << 20;
    private static final long BLOCKS = SIZE_BYTES / BLOCK_BYTES;
    private static final int SEED = 4;

    /** Number of sequential streams that take turns; with 0, each request goes to a random block. */
    @Param({"1", "2", "4", "8", "16", "0"})
    int streams;

    @Param({"true", "false"})
    boolean merging;

    private final SplittableRandom random = new SplittableRandom(SEED);
    private final TurnedLoop loop = new TurnedLoop();
    private Payload payload;
    private BenchArray array;
    private RequestQueue queue;
    private long[] next;

    @Setup
    public void open() throws BlockIoException {
        payload = new Payload(BLOCK_BYTES * DEPTH);
        array = BenchArray.inMemory(MEMBERS, SIZE_BYTES, CHUNK_BYTES);
        queue = new RequestQueue(
                array.device(), loop, merging ? MergeLimits.DEFAULT : MergeLimits.DEFAULT.withoutMerging());
        next = new long[Math.max(1, streams)];
        for (int i = 0; i < next.length; i++) {
            next[i] = BLOCKS / next.length * i;
        }
        // Members allocate a page at its first write; write all pages now, so that this is not measured.
        for (long block = 0; block < BLOCKS; block += DEPTH) {
            queue.accept(payload.request(loop, Op.WRITE, block * BLOCK_BYTES, 0, BLOCK_BYTES * DEPTH));
            loop.turn();
        }
    }

    /** Submits and completes the requests of one wake-up of the event loop. */
    @Benchmark
    @OperationsPerInvocation(DEPTH)
    public void batch() {
        for (int i = 0; i < DEPTH; i++) {
            queue.accept(payload.request(loop, Op.WRITE, block(i) * BLOCK_BYTES, i * BLOCK_BYTES, BLOCK_BYTES));
        }
        loop.turn();
    }

    private long block(int i) {
        if (streams == 0) {
            return random.nextLong(BLOCKS);
        }
        int stream = i % streams;
        long block = next[stream];
        next[stream] = (block + 1) % BLOCKS;
        return block;
    }

    @TearDown
    public void close() throws BlockIoException {
        loop.close();
        array.close();
        payload.close();
    }

    /** Returns the number of originals per member operation over {@code batches} batches. */
    static double mergeRatio(int streams, boolean merging, int batches) throws BlockIoException {
        MergeWorthBenchmark counted = new MergeWorthBenchmark();
        counted.streams = streams;
        counted.merging = merging;
        counted.open();
        DeviceCounters before = counted.array.device().counters();
        for (int i = 0; i < batches; i++) {
            counted.batch();
        }
        DeviceCounters after = counted.array.device().counters();
        counted.close();
        return (double) (after.requests() - before.requests()) / (after.memberOps() - before.memberOps());
    }
}
