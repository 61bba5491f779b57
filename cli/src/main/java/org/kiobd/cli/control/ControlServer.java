package org.kiobd.cli.control;

import com.fasterxml.jackson.jr.ob.JSON;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
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
import org.jspecify.annotations.Nullable;
import org.kiobd.volume.BlockIoException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers questions about one served volume on a unix socket only its owner may open. Each asker has a thread, so that one who says
 * nothing holds up nobody; answers are made one after the other, for growing a volume must not run twice.
 */
public final class ControlServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ControlServer.class);

    /** A unix socket's path must fit 108 bytes with its end; a longer one goes to a folder of its own with a short name. */
    private static final int MAX_PATH_BYTES = 100;

    /** What answers. */
    @FunctionalInterface
    public interface Handler {
        /** Answers one question; a {@link BlockIoException} becomes the answer's {@code error}. */
        Map<String, ?> answer(Map<String, Object> question) throws BlockIoException;
    }

    private final Path path;
    private final @Nullable PrivateFolder shortFolder;
    private final ServerSocketChannel socket;
    private final Handler handler;

    private ControlServer(Path path, @Nullable PrivateFolder shortFolder, ServerSocketChannel socket, Handler handler) {
        this.path = path;
        this.shortFolder = shortFolder;
        this.socket = socket;
        this.handler = handler;
    }

    /**
     * Starts answering.
     *
     * @param wanted where the socket should be, in a folder of the owner's own; {@link #path()} says where it is
     */
    public static ControlServer start(Path wanted, Handler handler) throws IOException {
        PrivateFolder shortFolder = null;
        Path path = wanted;
        if (wanted.toString().getBytes(StandardCharsets.UTF_8).length > MAX_PATH_BYTES) {
            shortFolder = PrivateFolder.make();
            path = shortFolder.path().resolve("control.sock");
        }
        Files.deleteIfExists(path);
        ServerSocketChannel socket = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        ControlServer server = new ControlServer(path, shortFolder, socket, handler);
        try {
            socket.bind(UnixDomainSocketAddress.of(path));
            Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-------"));
        } catch (IOException e) {
            server.close();
            throw e;
        }
        daemon("kiobd-control", server::accept);
        return server;
    }

    private static void daemon(String name, Runnable work) {
        Thread thread = new Thread(work, name);
        thread.setDaemon(true);
        thread.start();
    }

    public Path path() {
        return path;
    }

    private void accept() {
        while (true) {
            try {
                SocketChannel client = socket.accept();
                daemon("kiobd-control-answer", () -> serve(client));
            } catch (ClosedChannelException e) {
                return;
            } catch (IOException e) {
                // Too many open files, for one: it would come again at once.
                LOG.warn("control socket={}: answers no more: {}; the volume is served on", path, e.toString());
                return;
            }
        }
    }

    private void serve(SocketChannel client) {
        try (client) {
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
        } catch (IOException e) {
            LOG.info("control socket={}: a client went away: {}", path, e.toString());
        }
    }

    private synchronized Map<String, ?> answer(String line) {
        try {
            return handler.answer(JSON.std.mapFrom(line));
        } catch (IOException e) {
            return Map.of("error", String.valueOf(e.getMessage()));
        } catch (RuntimeException e) {
            LOG.error("control socket={}: question={}", path, line, e);
            return Map.of("error", "unexpected " + e + "; this is a bug");
        }
    }

    /** Answers no more, and takes the socket away. */
    @Override
    public void close() {
        try {
            socket.close();
            Files.deleteIfExists(path);
            if (shortFolder != null) {
                shortFolder.remove();
            }
        } catch (IOException e) {
            LOG.warn("control socket={} could not be removed: {}", path, e.toString());
        }
    }
}
