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
 * B2, the "killer" of 2001: splits a merged chain of F originals (a fragment each) that covers C chunks over N members. Compares our cursor
 * with duplicating the nodes of the chain, and with flattening each member's part into one buffer. Every variant produces one object per
 * member that one vectored write can take, begins and ends the slices of the originals, and is checked before the measurement to write
 * the same bytes.
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

    /** Splits as kiobd does: in one pass, without duplicating nodes or copying payload. */
    @Benchmark
    public int cursor() {
        int count = splitter.split(chain, SplitBenchmark::ended, ops::add);
        uncount();
        return count;
    }

    /** Makes a clone of a node, with its own vector, for each chunk that the node touches. */
    @Benchmark
    public Object duplicateChain() {
        List<DuplicatingSplitter.Clone> clones = duplicating.split(chain);
        duplicating.uncount(clones);
        return clones;
    }

    /** Copies every payload byte into one pooled buffer per member. */
    @Benchmark
    public Object flattenCopy() {
        List<ByteBuf> flat = flattening.split(chain);
        flattening.release(flat, chain);
        return flat;
    }
}
