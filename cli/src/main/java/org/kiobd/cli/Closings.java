package org.kiobd.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;
import org.kiobd.volume.BlockIoException;

/** Closes the volumes of a server, several in parallel, and returns the outcome of each. Used by one thread. */
final class Closings {
    /** Independent of the number of processors: closing a volume waits for syncs of superblocks. */
    private static final int THREADS = 8;

    /** Closes all of {@code volumes}. @return the failure of each volume, in the same order; null for a volume that was closed */
    List<@Nullable Exception> close(List<ServedVolume> volumes) {
        ExecutorService threads = Executors.newFixedThreadPool(
                Math.max(1, Math.min(THREADS, volumes.size())), work -> new Thread(work, "kiobd-close"));
        try {
            List<Future<@Nullable Exception>> closings = new ArrayList<>();
            for (ServedVolume volume : volumes) {
                closings.add(threads.submit((Callable<@Nullable Exception>) () -> failureOf(volume)));
            }
            List<@Nullable Exception> failures = new ArrayList<>();
            for (Future<@Nullable Exception> closing : closings) {
                failures.add(outcome(closing));
            }
            return failures;
        } finally {
            threads.shutdown();
        }
    }

    private static @Nullable Exception failureOf(ServedVolume volume) {
        try {
            volume.close();
            return null;
        } catch (BlockIoException | RuntimeException e) {
            return e;
        }
    }

    /** Waits even when interrupted: the process must not end before its volumes are closed. */
    private static @Nullable Exception outcome(Future<@Nullable Exception> closing) {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return closing.get();
                } catch (ExecutionException e) {
                    return new IllegalStateException("a bug kept it from being closed", e.getCause());
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
