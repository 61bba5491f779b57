package org.kiobd.volume.testkit;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.kiobd.volume.loop.IoLoop;
import org.kiobd.volume.loop.Trampoline;

/**
 * An event loop turned by hand on the thread that made it, so that a test says what happens when. Tasks may come from any thread.
 */
public final class ManualLoop implements IoLoop {
    private static final int TIMEOUT_S = 60;
    private static final int MAX_TASKS = 10_000_000;

    private final Thread owner = Thread.currentThread();
    private final int index;
    private final Trampoline trampoline = new Trampoline();
    private final LinkedBlockingQueue<Runnable> tasks = new LinkedBlockingQueue<>();
    private final List<Runnable> delayed = new ArrayList<>();

    public ManualLoop() {
        this(0);
    }

    /** @param index unique among the loops that use one device */
    public ManualLoop(int index) {
        this.index = index;
    }

    @Override
    public int index() {
        return index;
    }

    @Override
    public boolean inLoop() {
        return Thread.currentThread() == owner;
    }

    @Override
    public Trampoline trampoline() {
        return trampoline;
    }

    @Override
    public void execute(Runnable task) {
        tasks.add(task);
    }

    @Override
    public void schedule(Runnable task, long delayNanos) {
        requireOwner();
        delayed.add(task);
    }

    /** As if all delays were over. */
    public void passTime() {
        tasks.addAll(delayed);
        delayed.clear();
    }

    /** Tasks that wait. */
    public int waitingTasks() {
        return tasks.size();
    }

    /** Runs the oldest task; false if none waits. */
    public boolean runOne() {
        requireOwner();
        Runnable task = tasks.poll();
        if (task == null) {
            return false;
        }
        task.run();
        return true;
    }

    /** Runs tasks, those they cause included, until none waits. */
    public void runAll() {
        int done = 0;
        while (runOne()) {
            if (++done > MAX_TASKS) {
                throw new AssertionError("the loop does not come to rest: tasks=" + done);
            }
        }
    }

    /** Turns the loop until {@code stage} has ended, and returns how. */
    public <T extends @Nullable Object> T await(CompletionStage<T> stage) {
        requireOwner();
        CompletableFuture<T> future = stage.toCompletableFuture();
        var unusedWakeUp = future.whenComplete((result, failure) -> execute(() -> {}));
        long deadlineNanos = System.nanoTime() + TimeUnit.SECONDS.toNanos(TIMEOUT_S);
        while (!future.isDone()) {
            try {
                Runnable task = tasks.poll(deadlineNanos - System.nanoTime(), TimeUnit.NANOSECONDS);
                if (task == null) {
                    throw new AssertionError("nothing ended within timeoutS=" + TIMEOUT_S);
                }
                task.run();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new AssertionError("interrupted", e);
            }
        }
        return future.join();
    }

    private void requireOwner() {
        if (!inLoop()) {
            throw new IllegalStateException("only the thread that made this loop turns it");
        }
    }
}
