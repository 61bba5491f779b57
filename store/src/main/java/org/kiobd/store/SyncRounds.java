package org.kiobd.store;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntPredicate;
import java.util.function.IntSupplier;
import org.kiobd.volume.BlockIoException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Coalesces the sync requests of one member, from all loops: while one sync runs, the requests that arrive wait and share the next sync.
 * A request never shares a sync that began before the request, so the sync covers all writes before the request.
 *
 * <p>A request completes without a sync if nothing has changed since the last successful sync: a FLUSH goes to all members of a volume,
 * but usually only one of them was written to. Every change must be reported by {@link #changed}.
 *
 * <p>A failure is final, unless the store says otherwise. The kernel reports an error once and may have dropped the dirty pages, so the
 * next sync would succeed without them. After a final failure every request fails with the same failure, including the waiting ones.
 * For the same reason two syncs never run at once: the kernel would report the error to only one of them. A failure is a number whose
 * meaning the store defines, e.g. errno for files. Any thread.
 */
public final class SyncRounds {
    private static final Logger LOG = LoggerFactory.getLogger(SyncRounds.class);

    /** Receives the result of a sync, on the thread that made the sync. */
    @FunctionalInterface
    public interface Waiter {
        /** @param failure 0 if everything is durable */
        void synced(int failure);
    }

    private final Executor threads;
    private final IntSupplier sync;
    private final IntPredicate isFinal;
    /** Starts above {@link #synced}, so that the first request syncs: the previous user of the member may have left unsynced writes. */
    private final AtomicLong changes = new AtomicLong(1);

    /** Held during a sync: of two syncs that run at once, the kernel reports an error to only one. */
    private final Object exclusive = new Object();

    private volatile long synced;
    private volatile int failed;
    private List<Waiter> waiting = new ArrayList<>();
    private boolean running;

    /**
     * Creates the rounds of a member whose sync failures are all final.
     *
     * @param threads executor of the rounds
     * @param sync makes a sync; returns 0 or the failure
     */
    public SyncRounds(Executor threads, IntSupplier sync) {
        this(threads, sync, failure -> true);
    }

    /** @param isFinal tests whether a failure is final; after any other failure the next sync covers what the failed one did not */
    public SyncRounds(Executor threads, IntSupplier sync, IntPredicate isFinal) {
        this.threads = threads;
        this.sync = sync;
        this.isFinal = isFinal;
    }

    /**
     * Notes that the member has changed since the last sync, or may have. Call it after the write call has returned, whatever its result,
     * and before the result is reported: if called before the write, a sync in between would seem to cover the write.
     */
    public void changed() {
        changes.incrementAndGet();
    }

    /** Requests a sync that covers everything written so far; calls {@code waiter} inline if there is nothing to sync. */
    public void request(Waiter waiter) {
        if (joins(waiter)) {
            threads.execute(this::runRounds);
        }
    }

    /**
     * Requests a sync like {@link #request}, on a thread that may block: if no round is running, this thread runs rounds until no request
     * is waiting.
     */
    public void requestHere(Waiter waiter) {
        if (joins(waiter)) {
            runRounds();
        }
    }

    /** Completes or queues {@code waiter}; returns true if the caller has to run the rounds. */
    private boolean joins(Waiter waiter) {
        if (failed == 0 && synced == changes.get()) {
            tell(waiter, 0);
            return false;
        }
        synchronized (this) {
            waiting.add(waiter);
            if (running) {
                return false;
            }
            running = true;
            return true;
        }
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
            int failure = now();
            for (Waiter waiter : round) {
                tell(waiter, failure);
            }
        }
    }

    /** Calls {@code waiter}; logs its exception, so that the other waiters are called, too. */
    private static void tell(Waiter waiter, int failure) {
        try {
            waiter.synced(failure);
        } catch (RuntimeException e) {
            LOG.error("who waited for a sync threw when it ended: failure={}", failure, e);
        }
    }

    /**
     * Syncs on the calling thread, which may block; waits for a running sync first. Returns 0, the failure of this sync, or an earlier
     * final failure.
     */
    public int now() {
        synchronized (exclusive) {
            return failed == 0 ? make() : failed;
        }
    }

    /** A write that a sync is to cover. */
    @FunctionalInterface
    public interface Write {
        void write() throws BlockIoException;
    }

    /**
     * Writes and syncs, even if an earlier sync has failed for good: success then proves only that the data of {@code write} is durable.
     * No other sync runs in between, which could consume the error of this data. Other requests still fail with the earlier failure.
     * Blocks.
     *
     * @return 0 or the failure of the sync
     */
    public int writeAndSync(Write write) throws BlockIoException {
        synchronized (exclusive) {
            write.write();
            return make();
        }
    }

    private int make() {
        long covered = changes.get();
        int failure = sync.getAsInt();
        if (failure == 0) {
            synced = covered;
        } else {
            failed(failure);
        }
        return failure;
    }

    /** Records the failure, not 0, of a sync made elsewhere; if it is final, all further requests fail, too. */
    public synchronized void failed(int failure) {
        if (failed == 0 && isFinal.test(failure)) {
            failed = failure;
        }
    }

    /** Returns whether a sync has failed for good. */
    public boolean hasFailed() {
        return failed != 0;
    }
}
