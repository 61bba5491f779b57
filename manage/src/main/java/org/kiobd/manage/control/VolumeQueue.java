package org.kiobd.manage.control;

import java.util.ArrayDeque;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.kiobd.manage.control.ControlServer.Handler;
import org.kiobd.volume.BlockIoException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A queue of the questions about one volume, which threads of an executor answer one after the other. Any thread. */
final class VolumeQueue {
    private static final Logger LOG = LoggerFactory.getLogger(VolumeQueue.class);

    private record Asked(Map<String, Object> question, Consumer<Map<String, ?>> answer) {}

    private final Handler handler;
    private final Executor threads;
    private final ArrayDeque<Asked> waiting = new ArrayDeque<>();
    private boolean answering;

    VolumeQueue(Handler handler, Executor threads) {
        this.handler = handler;
        this.threads = threads;
    }

    /**
     * Queues a question.
     *
     * @param answer receives the answer exactly once, even if there is no thread to make it
     */
    void ask(Map<String, Object> question, Consumer<Map<String, ?>> answer) {
        synchronized (this) {
            waiting.add(new Asked(question, answer));
            if (answering) {
                return;
            }
            answering = true;
        }
        try {
            threads.execute(this::answerAll);
        } catch (RuntimeException | OutOfMemoryError e) {
            // The server is ending, or no thread can be created.
            for (Asked asked = next(); asked != null; asked = next()) {
                asked.answer.accept(Map.of("error", "the server cannot answer now: " + e + "; try again"));
            }
        }
    }

    private void answerAll() {
        for (Asked asked = next(); asked != null; asked = next()) {
            asked.answer.accept(answer(asked.question));
        }
    }

    private synchronized @Nullable Asked next() {
        Asked next = waiting.poll();
        answering = next != null;
        return next;
    }

    private Map<String, ?> answer(Map<String, Object> question) {
        try {
            return handler.answer(question);
        } catch (BlockIoException e) {
            return Map.of("error", String.valueOf(e.getMessage()));
        } catch (RuntimeException | Error e) {
            // Catch errors, too: the next question may be answered.
            LOG.error("control question={}", question, e);
            return Map.of("error", "unexpected " + e + "; this is a bug");
        }
    }
}
