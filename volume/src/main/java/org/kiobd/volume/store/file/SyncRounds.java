package org.kiobd.volume.store.file;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.function.IntSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Joins syncs of one file, whoever asks and from whatever loop: one runs, all that are asked for meanwhile wait and share the next. A
 * request never rides on a sync that had begun before it, so what was written before the request is covered.
 *
 * <p>A failure is final. The kernel tells it once and may have dropped the pages, so the next sync would succeed without them: from
 * then on every request fails as the first did, those that were already waiting included. Any thread.
 */
final class SyncRounds {
    private static final Logger LOG = LoggerFactory.getLogger(SyncRounds.class);

    /** Told how its sync ended, on a file thread. */
    @FunctionalInterface
    interface Waiter {
        /** @param errno 0 if everything is durable */
        void synced(int errno);
    }

    private final Executor threads;
    private final IntSupplier sync;
    private volatile int failedErrno;
    private List<Waiter> waiting = new ArrayList<>();
    private boolean running;

    /**
     * @param threads where rounds run
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
            int errno = now();
            for (Waiter waiter : round) {
                tell(waiter, errno);
            }
        }
    }

    /** One that throws must not keep the others waiting. */
    private static void tell(Waiter waiter, int errno) {
        try {
            waiter.synced(errno);
        } catch (RuntimeException e) {
            LOG.error("who waited for a sync threw when it ended: errno={}", errno, e);
        }
    }

    /** Syncs on the caller's own thread, for those who may block; returns 0 or errno. */
    int now() {
        if (failedErrno == 0) {
            int errno = sync.getAsInt();
            if (errno != 0) {
                failedErrno = errno;
            }
        }
        return failedErrno;
    }
}
