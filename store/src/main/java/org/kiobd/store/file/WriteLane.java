package org.kiobd.store.file;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.kiobd.volume.loop.IoLoop;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs writes of a loop on a thread of their own, one after the other: the members of a stripe drain a piped payload in turn anyway, so
 * more threads would only wait for each other. One per loop, opened by {@link FileThreads#openLane}; only the loop calls {@link #add}.
 */
final class WriteLane implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger(WriteLane.class);

    /**
     * Most finished writes per wake-up of the loop. A request has one write per member, which need no wake-up each; but a finished write
     * should not wait for many others.
     */
    private static final int TOGETHER = 4;

    private final IoLoop loop;
    private final Executor threads;
    private final ConcurrentLinkedQueue<Work> waiting = new ConcurrentLinkedQueue<>();
    private final AtomicInteger count = new AtomicInteger();

    /** A write and its completion. */
    interface Work {
        /** Makes the write, on a thread beside the loop. Must not throw. */
        void write();

        /** Called on the loop after {@link #write}. */
        void written();
    }

    /** @param threads executor that runs the writes of this lane, on one thread at a time */
    WriteLane(IoLoop loop, Executor threads) {
        this.loop = loop;
        this.threads = threads;
    }

    /** Queues {@code work} after all work added before. Called on the loop. */
    void add(Work work) {
        waiting.add(work);
        if (count.getAndIncrement() == 0) {
            threads.execute(this);
        }
    }

    @Override
    public void run() {
        List<Work> written = new ArrayList<>(TOGETHER);
        boolean more = true;
        while (more) {
            Work work = waiting.remove();
            work.write();
            written.add(work);
            // An add after this decrement to 0 starts another run.
            more = count.decrementAndGet() > 0;
            if (!more || written.size() == TOGETHER) {
                goHome(List.copyOf(written));
                written.clear();
            }
        }
    }

    private void goHome(List<Work> written) {
        try {
            loop.execute(() -> written.forEach(Work::written));
        } catch (RejectedExecutionException e) {
            LOG.warn("writes ended after their loop had; nobody is told", e);
        }
    }
}
