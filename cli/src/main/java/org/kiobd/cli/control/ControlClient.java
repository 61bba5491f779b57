package org.kiobd.cli.control;

import com.fasterxml.jackson.jr.ob.JSON;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;
import org.kiobd.volume.catalog.ServerState;

/** Asks the server of a volume something. Blocks, with a time limit. */
public final class ControlClient {
    private static final int TIMEOUT_S = 30;

    private final String volume;
    private final ServerState server;

    public ControlClient(String volume, ServerState server) {
        this.volume = volume;
        this.server = server;
    }

    /**
     * Sends one question and waits for its answer.
     *
     * @throws BlockIoException with the server's own words if it refuses, or if it does not answer
     */
    public Map<String, Object> ask(Map<String, ?> question) throws BlockIoException {
        Map<String, Object> answer;
        try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(server.controlSocket()))) {
            answer = exchange(channel, JSON.std.asString(question) + "\n");
        } catch (IOException | ExecutionException | TimeoutException e) {
            throw silent(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw silent(e);
        }
        if (answer.get("error") instanceof String error) {
            throw new BlockIoException(IoError.INVALID, error);
        }
        return answer;
    }

    private static Map<String, Object> exchange(SocketChannel channel, String line)
            throws IOException, ExecutionException, TimeoutException, InterruptedException {
        ByteBuffer bytes = ByteBuffer.wrap(line.getBytes(StandardCharsets.UTF_8));
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
        // Reading has no time limit of its own on a channel: another thread reads, and closing the channel ends it.
        CompletableFuture<Map<String, Object>> answer = new CompletableFuture<>();
        Thread reader = new Thread(
                () -> {
                    try {
                        String text = new BufferedReader(
                                        new InputStreamReader(Channels.newInputStream(channel), StandardCharsets.UTF_8))
                                .readLine();
                        if (text == null) {
                            throw new IOException("it closed the connection");
                        }
                        answer.complete(JSON.std.mapFrom(text));
                    } catch (IOException e) {
                        answer.completeExceptionally(e);
                    }
                },
                "kiobd-control-answer");
        reader.setDaemon(true);
        reader.start();
        return answer.get(TIMEOUT_S, TimeUnit.SECONDS);
    }

    private BlockIoException silent(Exception e) {
        return new BlockIoException(
                IoError.IO,
                "volume=" + volume + ": its server, pid=" + server.pid() + ", does not answer on "
                        + server.controlSocket() + " (" + e.getClass().getSimpleName()
                        + "); the volume is unharmed; try again, or look at that process",
                e);
    }
}
