package org.kiobd.nbd.client;

import static org.kiobd.nbd.protocol.TransmissionFlags.NBD_FLAG_BLOCK_STATUS_PAYLOAD;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.kiobd.nbd.HeaderStyle;
import org.kiobd.nbd.protocol.NbdCommand;
import org.kiobd.nbd.protocol.NbdErrno;
import org.kiobd.nbd.tls.Security;
import org.kiobd.volume.kiobuf.Fragment;

/**
 * One connection to one export, ready for requests. {@link NbdConnector} makes it; the caller owns it and must close it. Any thread. When
 * the connection ends, for any reason, all requests in flight fail with that reason; the client does not reconnect.
 */
public final class NbdClient implements NbdCommands, AutoCloseable {
    private final Channel channel;
    private final ClientConnection connection;
    private final Negotiated negotiated;
    private final NbdClientOptions options;
    private final RequestRules rules;
    private final RepeatedRequest.Sender sender = new FromLoop();

    NbdClient(Channel channel, ClientConnection connection, Negotiated negotiated, NbdClientOptions options) {
        this.channel = channel;
        this.connection = connection;
        this.negotiated = negotiated;
        this.options = options;
        this.rules = new RequestRules(negotiated, options);
    }

    @Override
    public ExportInfo export() {
        return negotiated.export();
    }

    /** Returns the negotiated header style. */
    public HeaderStyle style() {
        return negotiated.style();
    }

    /** Returns the result of the TLS handshake; empty without TLS. */
    public Optional<Security> security() {
        return negotiated.security();
    }

    /** Returns the event loop that completes the futures; requests made on this loop need no handover between threads. */
    public Executor loop() {
        return channel.eventLoop();
    }

    @Override
    public Collection<String> metaContexts() {
        return negotiated.contexts().keySet();
    }

    @Override
    public int maxPayloadBytes() {
        return rules.maxPayloadBytes();
    }

    @Override
    public CompletableFuture<ReadReply> read(long offsetBytes, int lengthBytes, int flags) {
        return submit(new FutureRead(new Pending.Request(NbdCommand.READ, flags, offsetBytes, lengthBytes), null));
    }

    @Override
    public CompletableFuture<ReadReply> read(long offsetBytes, Fragment destination, int flags) {
        return submit(new FutureRead(
                new Pending.Request(NbdCommand.READ, flags, offsetBytes, destination.lengthBytes()), destination));
    }

    private CompletableFuture<ReadReply> submit(FutureRead read) {
        submit((Pending) read);
        return read.future();
    }

    @Override
    public CompletableFuture<@Nullable Void> write(long offsetBytes, ByteBuf payload, int flags) {
        return submit(new FuturePlain(
                new Pending.Request(NbdCommand.WRITE, flags, offsetBytes, payload.readableBytes()), payload));
    }

    private CompletableFuture<@Nullable Void> plain(NbdCommand command, long offsetBytes, long lengthBytes, int flags) {
        return submit(new FuturePlain(new Pending.Request(command, flags, offsetBytes, lengthBytes), null));
    }

    private CompletableFuture<@Nullable Void> submit(FuturePlain plain) {
        submit((Pending) plain);
        return plain.future();
    }

    /**
     * Returns a reusable request for a caller that makes very many requests from the event loop; it calls {@code listener} instead of
     * completing a future. Returned owned.
     */
    public RepeatedRequest repeated(RepeatedRequest.Listener listener) {
        return new RepeatedRequest(sender, listener);
    }

    @Override
    public CompletableFuture<@Nullable Void> flush() {
        return plain(NbdCommand.FLUSH, 0, 0, 0);
    }

    @Override
    public CompletableFuture<@Nullable Void> trim(long offsetBytes, long lengthBytes, int flags) {
        return plain(NbdCommand.TRIM, offsetBytes, lengthBytes, flags);
    }

    @Override
    public CompletableFuture<@Nullable Void> writeZeroes(long offsetBytes, long lengthBytes, int flags) {
        return plain(NbdCommand.WRITE_ZEROES, offsetBytes, lengthBytes, flags);
    }

    @Override
    public CompletableFuture<@Nullable Void> cache(long offsetBytes, long lengthBytes, int flags) {
        return plain(NbdCommand.CACHE, offsetBytes, lengthBytes, flags);
    }

    @Override
    public CompletableFuture<BlockStatus> blockStatus(long offsetBytes, long lengthBytes, int flags) {
        return status(negotiated.contexts().keySet(), false, offsetBytes, lengthBytes, flags);
    }

    @Override
    public CompletableFuture<BlockStatus> blockStatusOf(
            List<String> contexts, long offsetBytes, long lengthBytes, int flags) {
        if (!export().has(NBD_FLAG_BLOCK_STATUS_PAYLOAD) || style() != HeaderStyle.EXTENDED) {
            return CompletableFuture.failedFuture(RequestRules.cannot("choose contexts for each NBD_CMD_BLOCK_STATUS"));
        }
        return status(contexts, true, offsetBytes, lengthBytes, flags);
    }

    private CompletableFuture<BlockStatus> status(
            Collection<String> contexts, boolean filtered, long offsetBytes, long lengthBytes, int flags) {
        Map<Integer, String> byId = new HashMap<>();
        for (String context : contexts) {
            Integer id = negotiated.contexts().get(context);
            if (id == null) {
                return CompletableFuture.failedFuture(NbdException.refused(
                        NbdErrno.NBD_EINVAL, "context=" + context + " was not negotiated: " + metaContexts()));
            }
            byId.put(id, context);
        }
        if (byId.isEmpty()) {
            return CompletableFuture.failedFuture(RequestRules.cannot("tell block status: no context was negotiated"));
        }
        Pending.Request request = new Pending.Request(NbdCommand.BLOCK_STATUS, flags, offsetBytes, lengthBytes);
        PendingStatus status = new PendingStatus(request, byId, filtered);
        submit(status);
        return status.future();
    }

    private void submit(Pending pending) {
        NbdException refusal = rules.check(pending.request());
        if (refusal != null) {
            pending.fail(refusal);
        } else if (channel.eventLoop().inEventLoop()) {
            connection.submit(pending);
        } else {
            onLoop(() -> connection.submit(pending), pending::fail);
        }
    }

    /** Sends the requests that are made on the event loop. */
    private final class FromLoop implements RepeatedRequest.Sender {
        @Override
        public void submit(Pending request) {
            NbdClient.this.submit(request);
        }

        @Override
        public boolean inLoop() {
            return channel.eventLoop().inEventLoop();
        }

        @Override
        public long receivedNanos() {
            return connection.receivedNanos();
        }
    }

    private void onLoop(Runnable task, Consumer<NbdException> orElse) {
        try {
            channel.eventLoop().execute(task);
        } catch (RejectedExecutionException e) {
            orElse.accept(NbdException.lost("the event loop has ended", e));
        }
    }

    @Override
    public CompletableFuture<@Nullable Void> room() {
        CompletableFuture<@Nullable Void> future = new CompletableFuture<>();
        onLoop(() -> connection.whenRoom(future), ended -> future.complete(null));
        return future;
    }

    @Override
    public CompletableFuture<@Nullable Void> disconnect() {
        onLoop(connection::disconnect, ended -> {});
        return connection.closed().thenApply(ended -> null);
    }

    /** Returns a future that completes when the connection has ended and nothing is in flight; it never fails. */
    public CompletableFuture<@Nullable Void> closed() {
        return connection.closed().thenApply(ended -> null);
    }

    /** Closes the connection without waiting; requests in flight fail. */
    void hangUp() {
        NbdException why = NbdException.lost("it was closed here", null);
        onLoop(() -> connection.end(why), ended -> {});
    }

    /** Closes the connection; requests in flight fail. Waits until the connection has ended, except on the event loop of the connection. */
    @Override
    public void close() {
        hangUp();
        if (!channel.eventLoop().inEventLoop()) {
            try {
                channel.closeFuture().await(options.closeTimeoutMs());
                connection.closed().get(options.closeTimeoutMs(), TimeUnit.MILLISECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } catch (ExecutionException | TimeoutException e) {
                throw new IllegalStateException("a connection that does not end", e);
            }
        }
    }

    @Override
    public String toString() {
        return export() + " style=" + style() + " contexts=" + metaContexts()
                + security().map(tls -> " tls=" + tls).orElse("");
    }
}
