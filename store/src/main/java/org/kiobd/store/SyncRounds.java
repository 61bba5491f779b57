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
 * Joins syncs of one member, whoever asks and from whatever loop: one runs, all that are asked for meanwhile wait and share the next. A
 * request never rides on a sync that had begun before it, so what was written before the request is covered.
 *
 * <p>Where nothing has changed since the last sync that went well, there is none to make: a FLUSH goes to all members of a volume, and
 * mostly one of them was written to. Every change must be told by {@link #changed}.
 *
 * <p>A failure is final. The kernel tells it once and may have dropped the pages, so the next sync would succeed without them: from
 * then on every request fails as the first did, those that were already waiting included. For the same reason no two syncs run at once:
 * only one of them would be told. A failure is a number that is the store's own: errno for files. Any thread.
 */
public final class SyncRounds {
    private static final Logger LOG = LoggerFactory.getLogger(SyncRounds.class);

    /** Told how its sync ended, on the thread that made it. */
    @FunctionalInterface
    public interface Waiter {
        /** @param failure 0 if everything is durable */
        void synced(int failure);
    }

    private final Executor threads;
    private final IntSupplier sync;
    private final IntPredicate isFinal;
    /** Begins ahead of {@link #synced}: nobody knows what was left by who had the member before. */
    private final AtomicLong changes = new AtomicLong(1);

    /** Held while a sync is made: the kernel tells a failure to one of two that run at once. */
    private final Object exclusive = new Object();

    private volatile long synced;
    private volatile int failed;
    private List<Waiter> waiting = new ArrayList<>();
    private boolean running;

    /**
     * @param threads where rounds run
     * @param sync does it, returns 0 or what went wrong
     */
    public SyncRounds(Executor threads, IntSupplier sync) {
        this(threads, sync, failure -> true);
    }

    /** @param isFinal whether a failure is; one that is not says that the next sync covers what this one did not */
    public SyncRounds(Executor threads, IntSupplier sync, IntPredicate isFinal) {
        this.threads = threads;
        this.sync = sync;
        this.isFinal = isFinal;
    }

    /**
     * Something is not what it was at the last sync, or may not be. Told when the call that changes it has returned, whatever came of it,
     * and before anybody hears of it: told earlier, a sync in between would pass for one that covers it.
     */
    public void changed() {
        changes.incrementAndGet();
    }

    /** Asks for a sync that covers everything written so far; the answer comes at once if there is nothing to cover. */
    public void request(Waiter waiter) {
        if (joins(waiter)) {
            threads.execute(this::runRounds);
        }
    }

    /** The same from a thread that may block: where no round runs, it makes them itself, as long as anybody waits for one. */
    public void requestHere(Waiter waiter) {
        if (joins(waiter)) {
            runRounds();
        }
    }

    /** Answers or queues; true if the caller has to see to the rounds. */
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

    /** One that throws must not keep the others waiting. */
    private static void tell(Waiter waiter, int failure) {
        try {
            waiter.synced(failure);
        } catch (RuntimeException e) {
            LOG.error("who waited for a sync threw when it ended: failure={}", failure, e);
        }
    }

    /**
     * Syncs on the caller's own thread, for those who may block, behind the one that runs; returns 0 or what went wrong, now or ever
     * before.
     */
    public int now() {
        synchronized (exclusive) {
            return failed == 0 ? make() : failed;
        }
    }

    /** Writes something that a sync is to cover. */
    @FunctionalInterface
    public interface Write {
        void write() throws BlockIoException;
    }

    /**
     * Writes and syncs, although an earlier sync may have failed for good: what is durable then is what {@code write} wrote. No other sync
     * comes in between and takes the failure of its pages. Whoever else asks still hears of the earlier failure. Blocks.
     *
     * @return 0 or what went wrong with the sync
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

    /** A sync that was made in another way has ended like this, not 0: where that is final it is the end of all others, too. */
    public synchronized void failed(int failure) {
        if (failed == 0 && isFinal.test(failure)) {
            failed = failure;
        }
    }

    /** Whether a sync has failed for good. */
    public boolean hasFailed() {
        return failed != 0;
    }
}
