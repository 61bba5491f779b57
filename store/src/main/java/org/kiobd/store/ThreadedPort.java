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
 * The port of a store whose calls block: unplug hands the collected operations to the store's threads as a batch; finished operations
 * return to the loop in batches. Confined to its loop, except for the queue of finished operations, which the threads fill.
 */
public abstract class ThreadedPort implements MemberPort {
    private static final Logger LOG = LoggerFactory.getLogger(ThreadedPort.class);

    /**
     * Estimated work that justifies a further thread for a batch. Waking a thread costs a fraction of this; operations that stay in memory
     * take less.
     */
    private static final int WORTH_A_THREAD_NANOS = 100_000;

    /** EWMA divisor for a batch that was cheaper than the estimate; for a more expensive one the divisor is 2. */
    private static final int COST_MEMORY = 16;

    private final Executor threads;
    private final int parallelism;
    private final IoLoop loop;
    private final List<MemberOp> collected = new ArrayList<>();
    private final ConcurrentLinkedQueue<Ended> ended = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean drainScheduled = new AtomicBoolean();
    private final Runnable drain = this::drain;
    /** Estimated cost of one operation. Threads may overwrite each other's updates, which an estimate tolerates. */
    private volatile int costNanos = WORTH_A_THREAD_NANOS;

    /** A part of a READ for which no data is stored. */
    public record Hole(long atBytes, long lengthBytes) {}

    /** A finished operation and its result. */
    private record Ended(
            MemberOp op, long doneBytes, @Nullable IoError error, List<Hole> holes) {}

    /** Operations that were unplugged together. One or more threads run it, each taking the next group. */
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
     * Creates a port without operations.
     *
     * @param threads executor of the blocking calls
     * @param parallelism maximum number of threads for one batch
     */
    protected ThreadedPort(Executor threads, int parallelism, IoLoop loop) {
        this.threads = threads;
        this.parallelism = parallelism;
        this.loop = loop;
    }

    /** Adds {@code op} to the batch that the next {@link #unplug} starts. */
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
     * Returns the end of the group of operations, starting at {@code from}, that one {@link #run} should do together. Called on one of the
     * threads.
     *
     * @return index after the last operation of the group
     */
    protected int groupEnd(MemberOp[] ops, int from) {
        return from + 1;
    }

    /** Does the operations of one group; {@link #end} must be called once for each. Called on one of the threads. */
    protected abstract void run(MemberOp[] ops, int from, int to);

    /** Hands a finished operation back to the loop, which completes it. Any thread. */
    protected final void end(MemberOp op, long doneBytes, @Nullable IoError error) {
        end(op, doneBytes, error, List.of());
    }

    /** Hands back a finished operation with the holes of a READ; {@code holes} must be empty if the READ does not accept holes. */
    protected final void end(MemberOp op, long doneBytes, @Nullable IoError error, List<Hole> holes) {
        op.leavesLoop();
        ended.add(new Ended(op, doneBytes, error, holes));
        if (drainScheduled.compareAndSet(false, true)) {
            goHome(drain);
        }
    }

    /** Calls {@code question} on one of the threads; the stage completes on the loop. */
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
        // Clear the flag before polling, so that an operation added later schedules the next drain.
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
