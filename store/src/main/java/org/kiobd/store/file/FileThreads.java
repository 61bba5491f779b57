package org.kiobd.store.file;

import io.netty.util.concurrent.DefaultThreadFactory;
import java.util.IdentityHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.kiobd.volume.loop.IoLoop;

/**
 * The threads for calls that may block, shared by all file members of a provider. The number of file threads is bounded; the operations
 * that members may have in flight bound their queue. The threads are never interrupted and end when idle. Owned by the {@link
 * FileRuntime}. Any thread.
 */
final class FileThreads implements AutoCloseable {
    static final int THREADS = Math.max(4, 2 * Runtime.getRuntime().availableProcessors());
    private static final int IDLE_S = 10;

    private final ThreadPoolExecutor pool = new ThreadPoolExecutor(
            THREADS,
            THREADS,
            IDLE_S,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(),
            new DefaultThreadFactory("kiobd-file", true));

    /** Runs write lanes, one per loop. A lane must not wait for syncs, which may occupy all threads of {@link #pool}. */
    private final ThreadPoolExecutor laneThreads = new ThreadPoolExecutor(
            0,
            Integer.MAX_VALUE,
            IDLE_S,
            TimeUnit.SECONDS,
            new SynchronousQueue<>(),
            new DefaultThreadFactory("kiobd-write", true));

    private final IdentityHashMap<IoLoop, SharedLane> lanes = new IdentityHashMap<>();

    /** A lane and the number of ports that use it. */
    private static final class SharedLane {
        final WriteLane lane;
        int ports;

        SharedLane(WriteLane lane) {
            this.lane = lane;
        }
    }

    FileThreads() {
        pool.allowCoreThreadTimeOut(true);
    }

    /** Returns the executor of file calls. */
    Executor executor() {
        return pool;
    }

    /** Returns the lane of {@code loop}, which all ports of the loop share. Each call is followed by one of {@link #closeLane}. */
    synchronized WriteLane openLane(IoLoop loop) {
        SharedLane shared = lanes.computeIfAbsent(loop, its -> new SharedLane(new WriteLane(its, laneThreads)));
        shared.ports++;
        return shared.lane;
    }

    /** Forgets the lane of {@code loop} with its last port. */
    synchronized void closeLane(IoLoop loop) {
        SharedLane shared = lanes.get(loop);
        if (shared == null) {
            throw new IllegalStateException("a lane was closed more often than opened: loop=" + loop);
        }
        shared.ports--;
        if (shared.ports == 0) {
            lanes.remove(loop);
        }
    }

    /** Ends the threads after the calls they make now; nobody may start another one. */
    @Override
    public void close() {
        pool.shutdown();
        laneThreads.shutdown();
    }
}
