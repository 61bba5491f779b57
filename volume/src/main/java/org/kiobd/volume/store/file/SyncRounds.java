package org.kiobd.volume.store.file;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.function.IntSupplier;

/**
 * Joins syncs of one file, whoever asks and from whatever loop: one runs, all that are asked for meanwhile wait and share the next. A
 * request never rides on a sync that had begun before it, so what was written before the request is covered. Any thread.
 *
 * <p>A failure is kept: the kernel may have dropped the pages, and tells of it once, so a later sync that succeeds promises nothing.
 */
final class SyncRounds {
    /** Told on a file thread how its sync ended. */
    @FunctionalInterface
    interface Waiter {
        /** @param errno 0 if everything is durable */
        void synced(int errno);
    }

    private final Executor threads;
    private final IntSupplier sync;
    private List<Waiter> waiting = new ArrayList<>();
    private boolean running;
    private int keptErrno;

    /**
     * @param threads where syncs run
     * @param sync does it, returns 0 or errno
     */
    SyncRounds(Executor threads, IntSupplier sync) {
        this.threads = threads;
        this.sync = sync;
    }

    /** Asks for a sync that covers everything written so far. */
    void request(Waiter waiter) {
        synchronized (this) {
            waiting.add(waiter);
            if (running) {
                return;
            }
            running = true;
        }
        threads.execute(this::runRounds);
    }

    private void runRounds() {
        while (true) {
            List<Waiter> round;
            synchronized (this) {
                if (waiting.isEmpty()) {
                    running = false;
                    return;
                }
                round = waiting;
                waiting = new ArrayList<>();
            }
            int errno = keptErrno == 0 ? sync.getAsInt() : keptErrno;
            // Rounds follow each other through the lock, so this needs none.
            keptErrno = errno;
            for (Waiter waiter : round) {
                waiter.synced(errno);
            }
        }
    }
}
