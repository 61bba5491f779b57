package org.kiobd.manage.control;

import com.fasterxml.jackson.jr.ob.JSON;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.kiobd.manage.catalog.ServerState;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;

/** Sends questions about a volume to its server. Blocks, with a time limit. */
final class ControlClient {
    private final String volume;
    private final ServerState server;
    private final int timeoutMs;

    /** @param timeoutMs longest time to wait for an answer */
    ControlClient(String volume, ServerState server, int timeoutMs) {
        this.volume = volume;
        this.server = server;
        this.timeoutMs = timeoutMs;
    }

    /**
     * Sends one question and waits for its answer.
     *
     * @throws BlockIoException if the server refuses, with its own message, or if it does not answer
     */
    Map<String, Object> ask(Map<String, ?> question) throws BlockIoException {
        Map<String, Object> answer;
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            Map<String, Object> named = new LinkedHashMap<>(question);
            named.put("volume", volume);
            answer = exchange(channel, JSON.std.asString(named) + "\n");
        } catch (TimeoutException e) {
            throw silent("nothing came within timeoutMs=" + timeoutMs, e);
        } catch (ExecutionException e) {
            throw silent(String.valueOf(e.getCause() == null ? e : e.getCause().getMessage()), e);
        } catch (IOException e) {
            throw silent(String.valueOf(e.getMessage()), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw silent("interrupted", e);
        }
        if (answer.get("error") instanceof String error) {
            throw new BlockIoException(IoError.INVALID, error);
        }
        return answer;
    }

    /** Connects, sends and reads on another thread, because these calls have no time limit. Closing the channel ends that thread. */
    private Map<String, Object> exchange(SocketChannel channel, String line)
            throws ExecutionException, TimeoutException, InterruptedException {
        CompletableFuture<Map<String, Object>> answer = new CompletableFuture<>();
        Thread asking = new Thread(
                () -> {
                    try {
                        channel.connect(UnixDomainSocketAddress.of(server.controlSocket()));
                        ByteBuffer bytes = ByteBuffer.wrap(line.getBytes(StandardCharsets.UTF_8));
                        while (bytes.hasRemaining()) {
                            channel.write(bytes);
                        }
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
                "kiobd-control-question");
        asking.setDaemon(true);
        asking.start();
        return answer.get(timeoutMs, TimeUnit.MILLISECONDS);
    }

    private BlockIoException silent(String reason, Exception cause) {
        return new BlockIoException(
                IoError.IO,
                "volume=" + volume + ": its server, pid=" + server.pid() + ", does not answer on "
                        + server.controlSocket() + " (" + reason
                        + "); the volume is unharmed; try again, or look at that process",
                cause);
    }
}
