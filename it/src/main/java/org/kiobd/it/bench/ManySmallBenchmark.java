package org.kiobd.it.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.kiobd.store.MemberUri;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.KiobufChain;
import org.kiobd.volume.kiobuf.Op;
import org.kiobd.volume.queue.MergeLimits;
import org.kiobd.volume.queue.RequestQueue;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * B9, "one big object against many small": sends 128 KiB as 1, 32 or 256 WRITEs through the real array to members that complete inline
 * and copy nothing. So it measures only the cost of the objects and of merging them.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 4, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Fork(1)
@State(Scope.Thread)
public class ManySmallBenchmark {
    private static final int TOTAL_BYTES = 128 << 10;
    private static final int CHUNK_BYTES = 64 << 10;
    private static final int MEMBERS = 4;
    private static final long SIZE_BYTES = 1L << 20;

    @Param({"1", "32", "256"})
    int pieces;

    private final TurnedLoop loop = new TurnedLoop();
    private Payload payload;
    private BenchArray array;
    private RequestQueue merging;
    private RequestQueue single;

    @Setup
    public void open() throws BlockIoException {
        payload = new Payload(TOTAL_BYTES);
        List<MemberUri> members = new ArrayList<>();
        for (int i = 0; i < MEMBERS; i++) {
            members.add(RiggedStoreProvider.place(RiggedStoreProvider.NOTHING));
        }
        array = new BenchArray(SIZE_BYTES, CHUNK_BYTES, members);
        merging = new RequestQueue(array.device(), loop, MergeLimits.DEFAULT);
        single = new RequestQueue(array.device(), loop, MergeLimits.DEFAULT.withoutMerging());
    }

    private Kiobuf piece(int index) {
        int bytes = TOTAL_BYTES / pieces;
        return payload.request(loop, Op.WRITE, (long) index * bytes, index * bytes, bytes);
    }

    /** Makes and completes the requests without sending them anywhere: the lower bound. */
    @Benchmark
    public void made() {
        for (int i = 0; i < pieces; i++) {
            KiobufChain.of(piece(i)).completeAll(null);
        }
    }

    /** Sends the requests one by one, unmerged. */
    @Benchmark
    public void unmerged() {
        submitTo(single);
    }

    /** Sends the requests one by one, merged by the merge window. */
    @Benchmark
    public void oneByOne() {
        submitTo(merging);
    }

    private void submitTo(RequestQueue queue) {
        for (int i = 0; i < pieces; i++) {
            queue.accept(piece(i));
        }
        loop.turn();
    }

    /** Sends the requests as a chain that the submitter has built, which needs no lookup. */
    @Benchmark
    public void preBuilt() {
        KiobufChain chain = KiobufChain.of(piece(0));
        for (int i = 1; i < pieces; i++) {
            chain.join(KiobufChain.of(piece(i)));
        }
        array.device().submit(chain);
        array.device().unplug(loop);
    }

    @TearDown
    public void close() throws BlockIoException {
        loop.close();
        array.close();
        payload.close();
    }
}
