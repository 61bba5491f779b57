package org.kiobd.volume.testkit;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import io.netty.buffer.PooledByteBufAllocator;
import java.lang.ref.Reference;
import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.kiobd.volume.kiobuf.Completion;
import org.kiobd.volume.kiobuf.Pipes;
import org.slf4j.LoggerFactory;

/**
 * Fails a test that leaked a buffer or a pipe, or completed something twice. Netty finds leaks when garbage is collected and only logs them, so
 * this listens to its log, collects garbage and allocates, which is when the detector reports.
 */
public final class LeakCheck implements BeforeEachCallback, AfterEachCallback, AfterAllCallback {
    private static final List<String> REPORTS = new CopyOnWriteArrayList<>();

    /** Collecting garbage after each of thousands of tests takes its time; in a second lane the end of the class has to do. */
    private static final boolean AFTER_EACH =
            System.getProperty("kiobd.lane", "default").equals("default");

    private static final long PATIENCE_NANOS = 5_000_000_000L;
    private static final long COLLECTION_PATIENCE_MS = 30_000;

    private long secondCompletionsBefore;

    static {
        Logger logger = (Logger) LoggerFactory.getLogger("io.netty.util.ResourceLeakDetector");
        AppenderBase<ILoggingEvent> appender = new AppenderBase<>() {
            @Override
            protected void append(ILoggingEvent event) {
                if (event.getFormattedMessage().contains("LEAK")) {
                    REPORTS.add(event.getFormattedMessage());
                }
            }
        };
        appender.setContext(logger.getLoggerContext());
        appender.start();
        logger.addAppender(appender);
    }

    @Override
    public void beforeEach(ExtensionContext context) {
        secondCompletionsBefore = Completion.secondCompletions();
    }

    /** Looks once, which nearly always finds it; what slips through is found after a later test, or when the class is through. */
    @Override
    public void afterEach(ExtensionContext context) {
        if (AFTER_EACH) {
            look();
        }
        if (!pipesAreBack()) {
            throw new AssertionError("pipes that were not given back: " + Pipes.inUse());
        }
        long second = Completion.secondCompletions() - secondCompletionsBefore;
        if (second != 0) {
            throw new AssertionError("completions that ended twice: " + second);
        }
    }

    /** A connection that was cut off may still be ending. */
    private static boolean pipesAreBack() {
        long startNanos = System.nanoTime();
        while (Pipes.inUse() > 0 && System.nanoTime() - startNanos < PATIENCE_NANOS) {
            LockSupport.parkNanos(1_000_000);
        }
        return Pipes.inUse() == 0;
    }

    @Override
    public void afterAll(ExtensionContext context) {
        lookHard();
    }

    static void look() {
        collect();
        probe();
        failIfLeaked();
    }

    /** Twice: what the first collection found is surely in its queue when the second has been heard of. */
    static void lookHard() {
        collect();
        collect();
        probe();
        failIfLeaked();
    }

    /**
     * Collects, and waits until the JVM's reference handler came to it: collecting clears references and hands them to a thread, which puts them
     * into their queues when it gets a processor. It takes what one collection found as one batch, so when a second collection's token arrives,
     * the first one's are all there.
     */
    @SuppressWarnings("ExplicitGC") // a leak shows only when the buffer is collected
    private static void collect() {
        ReferenceQueue<Object> queue = new ReferenceQueue<>();
        Reference<Object> token = new WeakReference<>(new Object(), queue);
        System.gc();
        try {
            if (queue.remove(COLLECTION_PATIENCE_MS) != token) {
                throw new IllegalStateException("no garbage was collected within patienceMs=" + COLLECTION_PATIENCE_MS
                        + ": leaks cannot be found in a JVM that ignores System.gc()");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while waiting for the garbage collection", e);
        }
    }

    /** Allocating is when the detector looks into its queue and reports. */
    private static void probe() {
        PooledByteBufAllocator.DEFAULT.directBuffer(1).release();
    }

    private static void failIfLeaked() {
        if (!REPORTS.isEmpty()) {
            String reports = String.join("\n", REPORTS);
            REPORTS.clear();
            throw new AssertionError("buffers were leaked by this test or one before it:\n" + reports);
        }
    }
}
