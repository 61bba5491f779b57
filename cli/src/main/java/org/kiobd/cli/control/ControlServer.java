package org.kiobd.cli.control;

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
 * Answers questions about the served volumes of a process, all on one unix socket that only its owner may open. Those about one volume
 * are answered one after the other, for growing a volume must not run twice; those about different ones do not wait for each other.
 *
 * <p>One thread, {@link ControlLoop}, has the sockets; answers are made on threads that are there while there are questions, never more
 * than askers. Owned by who started it; any thread.
 */
public final class ControlServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ControlServer.class);
    private static final int IDLE_S = 10;

    /** What answers for a volume. */
    @FunctionalInterface
    public interface Handler {
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
     * Starts answering.
     *
     * @param wanted where the socket should be, in a folder of the owner's own; {@link #path()} says where it is
     * @throws IOException in one line, if the socket cannot be made; only the socket of a dead server is replaced
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

    /** Where it answers. */
    public Path path() {
        return socket.path();
    }

    /** From now on {@code handler} answers for a volume. */
    public void add(String volume, Handler handler) {
        volumes.put(volume, new VolumeQueue(handler, threads));
    }

    /** Has a question answered. {@code answer} is told the answer, on whichever thread made it. */
    private void ask(String line, Consumer<byte[]> answer) {
        Map<String, Object> question;
        try {
            question = JSON.std.mapFrom(line);
            if (question == null) {
                throw new IOException("null");
            }
        } catch (IOException e) {
            answer.accept(encode(Map.of("error", "this is no question, but one JSON object is: " + e.getMessage())));
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

    /** Answers no more, and takes the socket away. An answer under way is finished, but may not reach its asker. */
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
