package org.kiobd.manage.control;

import com.fasterxml.jackson.jr.ob.JSON;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.kiobd.volume.BlockIoException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers questions about the served volumes of a process, all on one Unix socket that only its owner may open. Questions about one volume
 * are answered one after the other, because growing a volume must not run twice at a time; questions about different volumes do not wait
 * for each other.
 *
 * <p>One thread, of {@link ControlLoop}, owns the sockets. Other threads make the answers; they exist only while there are questions, and
 * there are never more of them than clients. Owned by the caller of {@link #start}; any thread.
 */
public final class ControlServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ControlServer.class);
    private static final int IDLE_S = 10;

    /** Answers the questions about one volume. */
    @FunctionalInterface
    interface Handler {
        /** Answers one question; a {@link BlockIoException} becomes the answer's {@code error}. */
        Map<String, ?> answer(Map<String, Object> question) throws BlockIoException;
    }

    private final Map<String, VolumeQueue> volumes = new ConcurrentHashMap<>();
    private final ThreadPoolExecutor threads;
    private final ControlSocket socket;
    private final ControlLoop loop;

    private ControlServer(ControlSocket socket) throws IOException {
        this.socket = socket;
        this.threads = new ThreadPoolExecutor(
                0, ControlLoop.MAX_ASKERS, IDLE_S, TimeUnit.SECONDS, new SynchronousQueue<>(), work -> {
                    Thread thread = new Thread(work, "kiobd-control-answer");
                    thread.setDaemon(true);
                    return thread;
                });
        this.loop = new ControlLoop(socket, this::ask);
    }

    /**
     * Starts a server.
     *
     * @param wanted preferred path of the socket, in a folder that only the owner may enter; {@link #path()} returns the actual one
     * @throws IOException if the socket cannot be made, with a one-line message; only the socket of a dead server is replaced
     */
    public static ControlServer start(Path wanted) throws IOException {
        ControlSocket socket = ControlSocket.bind(wanted);
        try {
            ControlServer server = new ControlServer(socket);
            server.loop.start();
            return server;
        } catch (IOException e) {
            socket.close();
            throw e;
        }
    }

    /** Returns the path of the socket. */
    public Path path() {
        return socket.path();
    }

    /** Makes {@code control} answer the questions about a volume from now on. */
    public void add(String volume, VolumeControl control) {
        answer(volume, question -> ControlQuestions.answer(question, control));
    }

    /** Makes {@code handler} answer the questions about a volume from now on. */
    void answer(String volume, Handler handler) {
        volumes.put(volume, new VolumeQueue(handler, threads));
    }

    /**
     * Gets a question answered.
     *
     * @param answer receives the answer, on the thread that made it
     */
    private void ask(String line, Consumer<byte[]> answer) {
        Map<String, Object> question;
        try {
            question = JSON.std.mapFrom(line);
            if (question == null) {
                throw new IOException("null");
            }
        } catch (IOException e) {
            answer.accept(encode(Map.of("error", "not one JSON object: " + e.getMessage())));
            return;
        }
        VolumeQueue volume = question.get("volume") instanceof String name ? volumes.get(name) : null;
        if (volume == null) {
            answer.accept(encode(Map.of(
                    "error",
                    "volume=" + question.get("volume") + " is not served by pid="
                            + ProcessHandle.current().pid() + "; nothing was done; kiobd list shows who serves it")));
            return;
        }
        volume.ask(question, reply -> answer.accept(encode(reply)));
    }

    private static byte[] encode(Map<String, ?> answer) {
        try {
            return (JSON.std.asString(answer) + "\n").getBytes(StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new IllegalStateException("an answer that is no JSON: " + answer.keySet(), e);
        }
    }

    /** Stops answering and removes the socket. An answer in progress is finished, but may not reach its client. */
    @Override
    public void close() {
        loop.close();
        threads.shutdown();
        try {
            socket.close();
        } catch (IOException e) {
            LOG.warn("control socket={} could not be removed: {}", socket.path(), e.toString());
        }
    }
}
