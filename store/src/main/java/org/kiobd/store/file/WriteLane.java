package org.kiobd.store.file;

import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.WeakHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.kiobd.volume.loop.IoLoop;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes that a loop has made beside it, on a thread, one after the other: members of a stripe take a piped payload in turn anyway, and
 * more threads would only wait for each other. One for each loop; {@link #add} is called on it.
 */
final class WriteLane implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger(WriteLane.class);

    /** Of one request there are as many as members, and the loop need not be woken for each; but nobody should wait for many others. */
    private static final int TOGETHER = 4;

    private static final Map<IoLoop, WeakReference<WriteLane>> LANES = new WeakHashMap<>();

    private final IoLoop loop;
    private final ConcurrentLinkedQueue<Work> waiting = new ConcurrentLinkedQueue<>();
    private final AtomicInteger count = new AtomicInteger();

    /** A write, and what comes of it. */
    interface Work {
        /** On a thread of {@link FileThreads#lanes}. Throws nothing. */
        void write();

        /** On the loop, when it is written. */
        void written();
    }

    private WriteLane(IoLoop loop) {
        this.loop = loop;
    }

    /** The one beside {@code loop}. Any thread. */
    static WriteLane of(IoLoop loop) {
        synchronized (LANES) {
            WeakReference<WriteLane> known = LANES.get(loop);
            @Nullable WriteLane lane = known == null ? null : known.get();
            if (lane == null) {
                lane = new WriteLane(loop);
                LANES.put(loop, new WeakReference<>(lane));
            }
            return lane;
        }
    }

    /** Has {@code work} done behind all that was added before. On the loop. */
    void add(Work work) {
        waiting.add(work);
        if (count.getAndIncrement() == 0) {
            FileThreads.lanes().execute(this);
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
            // Who adds behind this has another run of it.
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
