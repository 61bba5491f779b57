package org.kiobd.volume.loop;

import java.util.ArrayDeque;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs callbacks one after the other with constant stack: a callback that causes another only queues it. Confined to one thread.
 *
 * <p>A callback that throws is a bug; it is logged and the others still run, for they belong to other requests.
 */
public final class Trampoline {
    private static final Logger LOG = LoggerFactory.getLogger(Trampoline.class);

    private final ArrayDeque<Runnable> waiting = new ArrayDeque<>();
    private boolean running;

    /** Runs {@code callback} now, or after the one that is running. */
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
            // Errors too: memory that ran out for one callback must not strand those behind it.
            LOG.error("a completion callback threw; other requests go on", e);
        }
    }
}
