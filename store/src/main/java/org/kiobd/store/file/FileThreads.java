package org.kiobd.store.file;

import io.netty.util.concurrent.DefaultThreadFactory;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * The threads for calls that may block, shared by all file members of the process. The number of file threads is bounded; the operations
 * that members may have in flight bound their queue. The threads are never interrupted and end when idle.
 */
final class FileThreads {
    static final int THREADS = Math.max(4, 2 * Runtime.getRuntime().availableProcessors());
    private static final int IDLE_S = 10;
    private static final ThreadPoolExecutor POOL = pool();

    /** Runs write lanes, one per loop. A lane must not wait for syncs, which may occupy all threads of {@link #POOL}. */
    private static final ThreadPoolExecutor LANES = new ThreadPoolExecutor(
            0,
            Integer.MAX_VALUE,
            IDLE_S,
            TimeUnit.SECONDS,
            new SynchronousQueue<>(),
            new DefaultThreadFactory("kiobd-write", true));

    private FileThreads() {}

    private static ThreadPoolExecutor pool() {
        ThreadPoolExecutor pool = new ThreadPoolExecutor(
                THREADS,
                THREADS,
                IDLE_S,
                TimeUnit.SECONDS,
                new LinkedBlockingQueue<>(),
                new DefaultThreadFactory("kiobd-file", true));
        pool.allowCoreThreadTimeOut(true);
        return pool;
    }

    static Executor executor() {
        return POOL;
    }

    /** Returns the executor of {@link WriteLane}s. */
    static Executor lanes() {
        return LANES;
    }
}
