package org.kiobd.it.bench;

import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.kiobd.raid.layout.StripeLayout;
import org.kiobd.raid.layout.StripeSplitter;
import org.kiobd.store.MemberOp;
import org.kiobd.volume.kiobuf.KiobufChain;
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
import org.openjdk.jmh.annotations.Warmup;

/**
 * B2, the "killer" of 2001: splitting a merged chain of F originals (a fragment each) that covers C chunks over N members. Our cursor
 * against duplicating the chain's nodes and against flattening each member's part into one buffer. Every variant ends with one thing
 * per member that one vectored write can take, counts and uncounts the originals' pending slices, and is checked for the same bytes
 * before it is timed.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 4, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Fork(1)
@State(Scope.Thread)
public class SplitBenchmark {
    private static final int CHUNK_BYTES = 64 << 10;

    @Param({"16", "256"})
    int fragments;

    @Param({"4", "16", "64"})
    int chunks;

    @Param({"2", "4"})
    int members;

    private KiobufChain chain;
    private StripeSplitter splitter;
    private DuplicatingSplitter duplicating;
    private FlatteningSplitter flattening;
    private final List<MemberOp> ops = new ArrayList<>();

    @Setup
    public void makeChain() {
        int fragmentBytes = chunks * CHUNK_BYTES / fragments;
        StripeLayout layout = new StripeLayout(members, CHUNK_BYTES);
        chain = new Requests(fragments, 1, fragmentBytes).chain();
        splitter = new StripeSplitter(layout);
        duplicating = new DuplicatingSplitter(layout);
        flattening = new FlatteningSplitter(layout);
        requireSameBytes();
    }

    private void requireSameBytes() {
        splitter.split(chain, SplitBenchmark::ended, ops::add);
        List<DuplicatingSplitter.Clone> clones = duplicating.split(chain);
        List<ByteBuf> flat = flattening.split(chain);
        for (int i = 0; i < ops.size(); i++) {
            byte[] ours = bytes(ops.get(i));
            if (!java.util.Arrays.equals(ours, DuplicatingSplitter.bytes(clones.get(i)))
                    || !java.util.Arrays.equals(ours, io.netty.buffer.ByteBufUtil.getBytes(flat.get(i)))) {
                throw new IllegalStateException("the variants do not agree: member=" + i);
            }
        }
        int bound = fragments + chunks - 1;
        int entries = ops.stream().mapToInt(MemberOp::entries).sum();
        if (entries > bound || ops.size() != Math.min(members, chunks)) {
            throw new IllegalStateException("bound broken: entries=" + entries + " of " + bound + " ops=" + ops.size());
        }
        uncount();
        duplicating.uncount(clones);
        flattening.release(flat, chain);
    }

    private static void ended(MemberOp op) {
        throw new IllegalStateException("nobody ends " + op);
    }

    private static byte[] bytes(MemberOp op) {
        byte[] bytes = new byte[Math.toIntExact(op.lengthBytes())];
        int at = 0;
        for (int i = 0; i < op.entries(); i++) {
            op.memory(i).getBytes(op.memoryOffsetBytes(i), bytes, at, (int) op.entryLengthBytes(i));
            at += (int) op.entryLengthBytes(i);
        }
        return bytes;
    }

    private void uncount() {
        for (MemberOp op : ops) {
            for (int i = 0; i < op.entries(); i++) {
                if (i == 0 || op.original(i) != op.original(i - 1)) {
                    op.original(i).endSlice();
                }
            }
        }
        ops.clear();
    }

    /** Ours: one pass, nothing duplicated, nothing copied. */
    @Benchmark
    public int cursor() {
        int count = splitter.split(chain, SplitBenchmark::ended, ops::add);
        uncount();
        return count;
    }

    /** A clone of a node, with its own vector, for each piece of it that lies in a chunk. */
    @Benchmark
    public Object duplicateChain() {
        List<DuplicatingSplitter.Clone> clones = duplicating.split(chain);
        duplicating.uncount(clones);
        return clones;
    }

    /** One pooled buffer per member, with every payload byte copied into it. */
    @Benchmark
    public Object flattenCopy() {
        List<ByteBuf> flat = flattening.split(chain);
        flattening.release(flat, chain);
        return flat;
    }
}
