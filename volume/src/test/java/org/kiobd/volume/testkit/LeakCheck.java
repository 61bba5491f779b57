package org.kiobd.volume.testkit;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import io.netty.buffer.PooledByteBufAllocator;
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
    private static final int PROBES = 3;

    /** Collecting garbage after each of thousands of tests takes its time; in a second lane the end of the class has to do. */
    private static final boolean AFTER_EACH =
            System.getProperty("kiobd.lane", "default").equals("default");

    private static final long PATIENCE_NANOS = 5_000_000_000L;

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
        probe();
        failIfLeaked();
    }

    static void lookHard() {
        for (int i = 0; i < PROBES; i++) {
            probe();
        }
        failIfLeaked();
    }

    @SuppressWarnings("ExplicitGC") // a leak shows only when the buffer is collected
    private static void probe() {
        System.gc();
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
