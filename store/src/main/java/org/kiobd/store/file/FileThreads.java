package org.kiobd.store.file;

import io.netty.util.concurrent.DefaultThreadFactory;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * The threads on which calls that may block are made, shared by all file members of the process. Their number is bounded; their queue is
 * bounded by what members may have in flight. They are never interrupted and go away when idle.
 */
final class FileThreads {
    static final int THREADS = Math.max(4, 2 * Runtime.getRuntime().availableProcessors());
    private static final int IDLE_S = 10;
    private static final ThreadPoolExecutor POOL = pool();

    /** Its tasks are lanes, of which there are as many as loops; they must not wait for syncs, which may have all of the others. */
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

    /** For {@link WriteLane}. */
    static Executor lanes() {
        return LANES;
    }
}
