package org.kiobd.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/** Runs tasks that wait for disks rather than for a processor, e.g. the opening of volumes, several at a time. Stateless. */
final class SeveralAtATime {
    private static final int THREADS = 8;

    private SeveralAtATime() {}

    /**
     * How a task ended.
     *
     * @param value what it returned; null if it failed
     * @param failure what it threw; null if it returned
     */
    record Outcome<T>(@Nullable T value, @Nullable Throwable failure) {}

    /**
     * Runs all of {@code tasks} and waits until the last has ended, even when interrupted: what a task has opened must be known to who
     * closes it. The interrupt is kept.
     *
     * @return how each ended, in the same order
     */
    static <T> List<Outcome<T>> run(String threadName, List<Callable<T>> tasks) {
        ExecutorService threads = Executors.newFixedThreadPool(
                Math.max(1, Math.min(THREADS, tasks.size())), work -> new Thread(work, threadName));
        try {
            List<Future<T>> running = tasks.stream().map(threads::submit).toList();
            List<Outcome<T>> outcomes = new ArrayList<>();
            for (Future<T> one : running) {
                outcomes.add(outcome(one));
            }
            return outcomes;
        } finally {
            threads.shutdown();
        }
    }

    private static <T> Outcome<T> outcome(Future<T> task) {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return new Outcome<>(task.get(), null);
                } catch (ExecutionException e) {
                    return new Outcome<>(null, e.getCause());
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
