package org.kiobd.cli.control;

import com.fasterxml.jackson.jr.ob.JSON;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import org.kiobd.volume.BlockIoException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers questions about one served volume on a unix socket only its owner may open. One question after the other, on one thread: they
 * are rare, and an answer that takes long (growing a volume) must not run twice.
 */
public final class ControlServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ControlServer.class);

    /** A unix socket's path must fit 108 bytes with its end; a longer one goes to the temporary folder. */
    private static final int MAX_PATH_BYTES = 100;

    /** What answers. */
    @FunctionalInterface
    public interface Handler {
        /** Answers one question; a {@link BlockIoException} becomes the answer's {@code error}. */
        Map<String, ?> answer(Map<String, Object> question) throws BlockIoException;
    }

    private final Path path;
    private final ServerSocketChannel socket;
    private final Handler handler;

    private ControlServer(Path path, ServerSocketChannel socket, Handler handler) {
        this.path = path;
        this.socket = socket;
        this.handler = handler;
    }

    /**
     * Starts answering.
     *
     * @param wanted where the socket should be; {@link #path()} says where it is
     */
    public static ControlServer start(Path wanted, Handler handler) throws IOException {
        Path path = wanted;
        if (wanted.toString().getBytes(StandardCharsets.UTF_8).length > MAX_PATH_BYTES) {
            path = Files.createTempDirectory(
                            "kiobd-",
                            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")))
                    .resolve("control.sock");
        }
        Files.deleteIfExists(path);
        ServerSocketChannel socket = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        socket.bind(UnixDomainSocketAddress.of(path));
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-------"));
        ControlServer server = new ControlServer(path, socket, handler);
        Thread thread = new Thread(server::serve, "kiobd-control");
        thread.setDaemon(true);
        thread.start();
        return server;
    }

    public Path path() {
        return path;
    }

    private void serve() {
        while (socket.isOpen()) {
            try (SocketChannel client = socket.accept()) {
                String line = new BufferedReader(
                                new InputStreamReader(Channels.newInputStream(client), StandardCharsets.UTF_8))
                        .readLine();
                if (line != null) {
                    ByteBuffer answer =
                            ByteBuffer.wrap((JSON.std.asString(answer(line)) + "\n").getBytes(StandardCharsets.UTF_8));
                    while (answer.hasRemaining()) {
                        client.write(answer);
                    }
                }
            } catch (ClosedChannelException e) {
                return;
            } catch (IOException e) {
                LOG.info("control socket={}: a client went away: {}", path, e.toString());
            }
        }
    }

    private Map<String, ?> answer(String line) {
        try {
            return handler.answer(JSON.std.mapFrom(line));
        } catch (IOException e) {
            return Map.of("error", String.valueOf(e.getMessage()));
        } catch (RuntimeException e) {
            LOG.error("control socket={}: question={}", path, line, e);
            return Map.of("error", "unexpected " + e + "; this is a bug");
        }
    }

    @Override
    public void close() {
        try {
            socket.close();
            Files.deleteIfExists(path);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
