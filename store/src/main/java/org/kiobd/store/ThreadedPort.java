package org.kiobd.store;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.kiobd.volume.IoError;
import org.kiobd.volume.ReadPiece;
import org.kiobd.volume.loop.IoLoop;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The port of a store whose calls block: operations are handed to its threads as a batch when the plug is pulled, and come back to the
 * loop in batches. Confined to its loop, but for what threads put into the queue of finished operations.
 */
public abstract class ThreadedPort implements MemberPort {
    private static final Logger LOG = LoggerFactory.getLogger(ThreadedPort.class);

    /** Waking a thread costs about as much as it gets done in a part of this; operations that never leave memory are soon over. */
    private static final int WORTH_A_THREAD_NANOS = 100_000;

    /** How much of what operations have cost so far a new one leaves, when it costs less; when it costs more, half. */
    private static final int COST_MEMORY = 16;

    private final Executor threads;
    private final int parallelism;
    private final IoLoop loop;
    private final List<MemberOp> collected = new ArrayList<>();
    private final ConcurrentLinkedQueue<Ended> ended = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean drainScheduled = new AtomicBoolean();
    private final Runnable drain = this::drain;
    /** What an operation takes lately. Threads write over each other here; it is only a guess. */
    private volatile int costNanos = WORTH_A_THREAD_NANOS;

    /** A part of a READ that nothing is stored for. */
    public record Hole(long atBytes, long lengthBytes) {}

    /** How an operation ended. */
    private record Ended(
            MemberOp op, long doneBytes, @Nullable IoError error, List<Hole> holes) {}

    /** Operations that left the plug together. Some threads take from it, each the next group. */
    private final class Batch implements Runnable {
        private final MemberOp[] ops;
        private final AtomicInteger next = new AtomicInteger();

        Batch(MemberOp[] ops) {
            this.ops = ops;
        }

        @Override
        public void run() {
            long startNanos = System.nanoTime();
            int done = 0;
            int from = next.get();
            while (from < ops.length) {
                int to = groupEnd(ops, from);
                if (next.compareAndSet(from, to)) {
                    runGroup(ops, from, to);
                    done += to - from;
                }
                from = next.get();
            }
            if (done > 0) {
                learn((System.nanoTime() - startNanos) / done);
            }
        }
    }

    private void runGroup(MemberOp[] ops, int from, int to) {
        try {
            run(ops, from, to);
        } catch (RuntimeException | Error e) {
            LOG.error("{} ended by a bug", ops[from], e);
            for (int i = from; i < to; i++) {
                end(ops[i], 0, IoError.IO);
            }
        }
    }

    private void learn(long nanos) {
        int old = costNanos;
        int last = (int) Math.min(nanos, Integer.MAX_VALUE);
        costNanos = last > old ? old + (last - old) / 2 : old - (old - last) / COST_MEMORY;
    }

    /**
     * @param threads where blocking calls are made
     * @param parallelism how many of them one batch may take
     */
    protected ThreadedPort(Executor threads, int parallelism, IoLoop loop) {
        this.threads = threads;
        this.parallelism = parallelism;
        this.loop = loop;
    }

    /** Keeps {@code op} for the batch that leaves with the plug. */
    protected final void collect(MemberOp op) {
        collected.add(op);
    }

    @Override
    public void unplug() {
        if (collected.isEmpty()) {
            return;
        }
        Batch batch = new Batch(collected.toArray(MemberOp[]::new));
        collected.clear();
        long worth = 1 + (long) batch.ops.length * costNanos / WORTH_A_THREAD_NANOS;
        int helpers = (int) Math.min(Math.min(batch.ops.length, parallelism), worth);
        for (int i = 0; i < helpers; i++) {
            threads.execute(batch);
        }
    }

    /**
     * Which of {@code ops}, from {@code from} on, are best done as one; on one of the threads.
     *
     * @return the index behind the last of them
     */
    protected int groupEnd(MemberOp[] ops, int from) {
        return from + 1;
    }

    /** Does the operations of one group, and sees to it that {@link #end} is called once for each; on one of the threads. */
    protected abstract void run(MemberOp[] ops, int from, int to);

    /** On any thread: sends the operation home, to be completed there. */
    protected final void end(MemberOp op, long doneBytes, @Nullable IoError error) {
        end(op, doneBytes, error, List.of());
    }

    /** The same, with the parts of a READ that are to be answered as holes; none where it does not accept them. */
    protected final void end(MemberOp op, long doneBytes, @Nullable IoError error, List<Hole> holes) {
        op.leavesLoop();
        ended.add(new Ended(op, doneBytes, error, holes));
        if (drainScheduled.compareAndSet(false, true)) {
            goHome(drain);
        }
    }

    /** Asks on one of the threads; the answer comes on the loop. */
    protected final <T> CompletionStage<T> ask(Callable<T> question) {
        CompletableFuture<T> answer = new CompletableFuture<>();
        threads.execute(() -> {
            T found;
            try {
                found = question.call();
            } catch (Exception e) {
                goHome(() -> answer.completeExceptionally(e));
                return;
            }
            goHome(() -> answer.complete(found));
        });
        return answer;
    }

    private void goHome(Runnable task) {
        try {
            loop.execute(task);
        } catch (RejectedExecutionException e) {
            LOG.warn("an answer came after its loop had ended; nobody is told", e);
        }
    }

    private void drain() {
        // Cleared first: whoever adds from here on schedules the next drain.
        drainScheduled.set(false);
        Ended next = ended.poll();
        while (next != null) {
            for (Hole hole : next.holes) {
                next.op.place(hole.atBytes(), new ReadPiece.Hole(hole.lengthBytes()));
            }
            next.op.complete(next.doneBytes, next.error);
            next = ended.poll();
        }
    }

    @Override
    public void close() {}
}
