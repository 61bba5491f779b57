package org.kiobd.manage.control;

import java.io.IOException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The event loop of a {@link ControlServer}, whose one thread owns the sockets. It never blocks on a client. A client that sends no
 * question, or does not take its answer, delays nobody; the loop disconnects it after a while, or at once if another client needs the
 * place. The loop logs an error, e.g. that no descriptors are left, once, and tries again after a pause.
 */
final class ControlLoop {
    private static final Logger LOG = LoggerFactory.getLogger(ControlLoop.class);

    /** Limit of connections. More clients wait in the socket's backlog, unless one can take the place of an idle client. */
    static final int MAX_ASKERS = 64;

    /** Longest time that a client may need to send its question, or to take its answer. */
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(5);

    private static final int FIRST_PAUSE_MS = 20;
    private static final int LONGEST_PAUSE_MS = 1_000;
    private static final int CLOSE_TIMEOUT_MS = 1_000;

    /** Gets questions answered; {@code answer} may be called on any thread. */
    @FunctionalInterface
    interface Questions {
        void ask(String line, Consumer<byte[]> answer);
    }

    private final ControlSocket socket;
    private final Questions questions;
    private final Selector selector;
    private final SelectionKey accepting;
    private final Thread thread = new Thread(this::run, "kiobd-control");
    private final ConcurrentLinkedQueue<Runnable> answers = new ConcurrentLinkedQueue<>();
    private volatile boolean closed;
    private int pauseMs;
    private long pausedUntilNanos = System.nanoTime();

    /** Borrows {@code socket}. */
    ControlLoop(ControlSocket socket, Questions questions) throws IOException {
        this.socket = socket;
        this.questions = questions;
        this.selector = Selector.open();
        this.accepting = socket.channel().register(selector, SelectionKey.OP_ACCEPT);
        thread.setDaemon(true);
    }

    void start() {
        thread.start();
    }

    private void run() {
        while (!closed) {
            try {
                turn();
            } catch (IOException | RuntimeException | Error e) {
                // Catch errors, too: a loop that ended would never answer again.
                trouble(e);
                waitAWhile();
            }
        }
        askers().forEach(key -> asker(key).dismiss(key));
    }

    private void turn() throws IOException {
        selector.select(untilNextTaskMs());
        for (Runnable answer = answers.poll(); answer != null; answer = answers.poll()) {
            answer.run();
        }
        List<SelectionKey> ready = List.copyOf(selector.selectedKeys());
        selector.selectedKeys().clear();
        for (SelectionKey key : ready) {
            if (key != accepting && key.isValid()) {
                serve(key);
            }
        }
        dismissTheSilent();
        boolean mayAccept = System.nanoTime() - pausedUntilNanos >= 0;
        if (mayAccept && ready.contains(accepting)) {
            accept();
        }
        boolean full = askers().size() >= MAX_ASKERS && longestSilent().isEmpty();
        accepting.interestOps(System.nanoTime() - pausedUntilNanos >= 0 && !full ? SelectionKey.OP_ACCEPT : 0);
    }

    /** Returns the timeout for the selector; 0 for none. */
    private long untilNextTaskMs() {
        long now = System.nanoTime();
        long untilNanos = Math.max(0, pausedUntilNanos - now);
        for (SelectionKey key : askers()) {
            if (asker(key).isIdle()) {
                long leftNanos = Math.max(0, PATIENCE_NANOS - (now - asker(key).sinceNanos()));
                untilNanos = untilNanos == 0 ? leftNanos : Math.min(untilNanos, leftNanos);
                untilNanos = Math.max(1, untilNanos);
            }
        }
        return untilNanos == 0 ? 0 : TimeUnit.NANOSECONDS.toMillis(untilNanos) + 1;
    }

    private void accept() {
        try {
            SocketChannel client = socket.channel().accept();
            if (client == null) {
                return;
            }
            if (askers().size() >= MAX_ASKERS) {
                longestSilent().ifPresent(key -> asker(key).dismiss(key));
            }
            listenTo(client);
            if (pauseMs > 0) {
                LOG.info("control socket={}: answers again", socket.path());
                pauseMs = 0;
            }
        } catch (IOException e) {
            trouble(e);
        }
    }

    private void listenTo(SocketChannel client) throws IOException {
        try {
            client.configureBlocking(false);
            client.register(selector, SelectionKey.OP_READ, new Asker(client));
        } catch (IOException e) {
            client.close();
            throw e;
        }
    }

    /** Logs a failure once, until the loop works again, and makes the pause longer. */
    private void trouble(Throwable failure) {
        if (closed) {
            return;
        }
        if (pauseMs == 0) {
            LOG.warn(
                    "control socket={}: cannot answer at the moment: {}; the volumes are still served",
                    socket.path(),
                    failure.toString());
        }
        pauseMs = Math.min(LONGEST_PAUSE_MS, Math.max(FIRST_PAUSE_MS, 2 * pauseMs));
        pausedUntilNanos = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(pauseMs);
    }

    private void waitAWhile() {
        try {
            TimeUnit.MILLISECONDS.sleep(pauseMs);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            closed = true;
        }
    }

    private void serve(SelectionKey key) {
        Asker asker = asker(key);
        try {
            if (asker.isAnswered()) {
                if (asker.write()) {
                    asker.dismiss(key);
                }
            } else if (!asker.hasAsked()) {
                String question = asker.read();
                if (question != null) {
                    key.interestOps(0);
                    questions.ask(question, answer -> later(() -> answer(key, answer)));
                }
            }
        } catch (IOException e) {
            LOG.debug("control socket={}: a client went away: {}", socket.path(), e.toString());
            asker.dismiss(key);
        }
    }

    private void answer(SelectionKey key, byte[] line) {
        if (key.isValid()) {
            asker(key).answer(line);
            key.interestOps(SelectionKey.OP_WRITE);
            serve(key);
        }
    }

    private void later(Runnable task) {
        answers.add(task);
        selector.wakeup();
    }

    private void dismissTheSilent() {
        long now = System.nanoTime();
        for (SelectionKey key : askers()) {
            if (asker(key).isIdle() && now - asker(key).sinceNanos() >= PATIENCE_NANOS) {
                asker(key).dismiss(key);
            }
        }
    }

    private Optional<SelectionKey> longestSilent() {
        return askers().stream()
                .filter(key -> asker(key).isIdle())
                .min(Comparator.comparingLong(key -> asker(key).sinceNanos()));
    }

    private List<SelectionKey> askers() {
        List<SelectionKey> askers = new ArrayList<>();
        for (SelectionKey key : selector.keys()) {
            if (key != accepting && key.isValid()) {
                askers.add(key);
            }
        }
        return askers;
    }

    private static Asker asker(SelectionKey key) {
        return (Asker) Objects.requireNonNull(key.attachment(), "a key without an asker");
    }

    /** Ends the loop and closes all connections. The caller closes the socket. */
    void close() {
        closed = true;
        selector.wakeup();
        try {
            thread.join(CLOSE_TIMEOUT_MS);
            selector.close();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (IOException e) {
            LOG.warn("control socket={}: {}", socket.path(), e.toString());
        }
    }
}
