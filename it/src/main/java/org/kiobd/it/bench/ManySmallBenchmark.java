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
 * B9, "one big object against many small": 128 KiB as one WRITE, as 32, as 256, through the real array to members that end at once. What
 * is left is the cost of the objects and of bringing them together.
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

    /** The floor: the requests are made and ended, and go nowhere. */
    @Benchmark
    public void made() {
        for (int i = 0; i < pieces; i++) {
            KiobufChain.of(piece(i)).completeAll(null);
        }
    }

    /** One by one, each for itself down to the members. */
    @Benchmark
    public void unmerged() {
        submitTo(single);
    }

    /** One by one, joined by the window. */
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

    /** As a chain that its maker has built: no look-up at all. */
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
