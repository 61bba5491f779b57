package org.kiobd.volume.store;

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

    private final Executor threads;
    private final int parallelism;
    private final IoLoop loop;
    private final List<MemberOp> collected = new ArrayList<>();
    private final ConcurrentLinkedQueue<Ended> ended = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean drainScheduled = new AtomicBoolean();
    private final Runnable drain = this::drain;

    /** A part of a READ that nothing is stored for. */
    public record Hole(long atBytes, long lengthBytes) {}

    /** How an operation ended. */
    private record Ended(
            MemberOp op, long doneBytes, @Nullable IoError error, List<Hole> holes) {}

    /** Operations that left the plug together. As many threads as it was given to take from it, each the next one. */
    private final class Batch implements Runnable {
        private final MemberOp[] ops;
        private final AtomicInteger next = new AtomicInteger();

        Batch(MemberOp[] ops) {
            this.ops = ops;
        }

        @Override
        public void run() {
            for (int i = next.getAndIncrement(); i < ops.length; i = next.getAndIncrement()) {
                try {
                    ThreadedPort.this.run(ops[i]);
                } catch (RuntimeException | Error e) {
                    LOG.error("{} ended by a bug", ops[i], e);
                    end(ops[i], 0, IoError.IO);
                }
            }
        }
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
        int helpers = Math.min(batch.ops.length, parallelism);
        for (int i = 0; i < helpers; i++) {
            threads.execute(batch);
        }
    }

    /** Does one operation, on one of the threads, and sees to it that {@link #end} is called once. */
    protected abstract void run(MemberOp op);

    /** On any thread: sends the operation home, to be completed there. */
    protected final void end(MemberOp op, long doneBytes, @Nullable IoError error) {
        end(op, doneBytes, error, List.of());
    }

    /** The same, with the parts of a READ that are to be answered as holes; none where it does not accept them. */
    protected final void end(MemberOp op, long doneBytes, @Nullable IoError error, List<Hole> holes) {
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
