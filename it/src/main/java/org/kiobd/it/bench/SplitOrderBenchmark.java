package org.kiobd.it.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.kiobd.raid.layout.StripeLayout;
import org.kiobd.raid.layout.StripeSplitter;
import org.kiobd.store.MemberOp;
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
 * B3, "delay splitting" against "split first": 4 MiB arrive as adjacent originals, over four members with chunks of 64 KiB. Every variant
 * fills the gather lists of its member operations and ends all slices; {@link Work} counts the objects that it made.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 4, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Fork(1)
@State(Scope.Thread)
public class SplitOrderBenchmark {
    static final int TOTAL_BYTES = 4 << 20;
    static final int CHUNK_BYTES = 64 << 10;
    static final int MEMBERS = 4;

    @Param({"4096", "65536", "1048576", "4194304"})
    int originalBytes;

    private Requests arriving;
    private StripeSplitter splitter;
    private SplitFirst splitFirst;
    private final List<MemberOp> ops = new ArrayList<>();
    private final GatherList gather = new GatherList();
    private Work work = new Work(0, 0, 0);

    /** The work of a variant for 4 MiB: calls to members, objects that it made or merged for them, and bytes in the calls. */
    record Work(int memberOps, int objects, long bytes) {}

    @Setup
    public void makeRequests() {
        StripeLayout layout = new StripeLayout(MEMBERS, CHUNK_BYTES);
        arriving = new Requests(TOTAL_BYTES / originalBytes, 1, originalBytes);
        splitter = new StripeSplitter(layout);
        splitFirst = new SplitFirst(layout);
    }

    private static void ended(MemberOp op) {
        throw new IllegalStateException("nobody ends " + op);
    }

    /** Splits as kiobd does: merges the originals as they arrive, and splits the chain once. */
    @Benchmark
    public int mergeThenSplit() {
        splitter.split(arriving.chain(), SplitOrderBenchmark::ended, ops::add);
        long bytes = 0;
        for (MemberOp op : ops) {
            gather.begin();
            gather.add(op);
            bytes += gather.bytes();
            uncount(op);
        }
        work = new Work(ops.size(), arriving.count() + ops.size(), bytes);
        ops.clear();
        return work.memberOps();
    }

    /** Splits each original at every chunk as it arrives, and merges the children at the members. */
    @Benchmark
    public int splitThenMerge() {
        return splitFirst(true);
    }

    /** Splits each original without merging the children, like a striper without a merging layer below it. */
    @Benchmark
    public int splitOnly() {
        return splitFirst(false);
    }

    private int splitFirst(boolean join) {
        for (int i = 0; i < arriving.count(); i++) {
            splitFirst.split(arriving.get(i), SplitOrderBenchmark::ended, join);
        }
        int requests = 0;
        int children = 0;
        long bytes = 0;
        for (List<SplitFirst.MemberRequest> waiting : splitFirst.waiting()) {
            for (SplitFirst.MemberRequest request : waiting) {
                gather.begin();
                for (MemberOp child : request.children) {
                    gather.add(child);
                    uncount(child);
                }
                bytes += gather.bytes();
                requests++;
                children += request.children.size();
            }
        }
        splitFirst.clear();
        work = new Work(requests, children + requests, bytes);
        return requests;
    }

    private static void uncount(MemberOp op) {
        for (int i = 0; i < op.entries(); i++) {
            if (i == 0 || op.original(i) != op.original(i - 1)) {
                op.original(i).endSlice();
            }
        }
    }

    @TearDown
    public void close() {
        arriving.close();
    }

    /** Returns the work of the last run. */
    Work work() {
        return work;
    }

    /** Returns an instance that is set up, for counting outside JMH. */
    static SplitOrderBenchmark of(int originalBytes) {
        SplitOrderBenchmark made = new SplitOrderBenchmark();
        made.originalBytes = originalBytes;
        made.makeRequests();
        return made;
    }
}
