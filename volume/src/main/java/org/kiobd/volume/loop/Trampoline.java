package org.kiobd.volume.loop;

import java.util.ArrayDeque;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs callbacks one after the other with constant stack depth: a callback that triggers another one only queues it. Confined to one
 * thread.
 *
 * <p>A callback that throws has a bug; the exception is logged and the other callbacks still run, because they belong to other requests.
 */
public final class Trampoline {
    private static final Logger LOG = LoggerFactory.getLogger(Trampoline.class);

    private final ArrayDeque<Runnable> waiting = new ArrayDeque<>();
    private boolean running;

    /** Runs {@code callback} now, or after the callbacks that run or wait already. */
    public void run(Runnable callback) {
        if (running) {
            waiting.add(callback);
            return;
        }
        running = true;
        try {
            Runnable current = callback;
            while (current != null) {
                runOne(current);
                current = waiting.poll();
            }
        } finally {
            running = false;
        }
    }

    private static void runOne(Runnable callback) {
        try {
            callback.run();
        } catch (RuntimeException | Error e) {
            // Also Errors: an OutOfMemoryError in one callback must not strand the callbacks after it.
            LOG.error("a completion callback threw; other requests go on", e);
        }
    }
}
