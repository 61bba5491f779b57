package org.kiobd.nbd.transmission;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.ssl.SslCloseCompletionEvent;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.kiobd.nbd.ConnectionContext;
import org.kiobd.nbd.ConnectionFigures;
import org.kiobd.nbd.Export;
import org.kiobd.nbd.ServedConnection;
import org.kiobd.nbd.Session;
import org.kiobd.nbd.tls.TlsFailure;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One connection in its transmission phase: passes the received bytes to the {@link RequestIntake} and completions to the {@link
 * ReplyWriter}, and decides when to read, when to flush and how the connection ends.
 *
 * <p>After NBD_CMD_DISC, or when the server shuts down, all accepted requests are finished, answered and flushed. If the socket ends
 * without NBD_CMD_DISC, requests that were not issued are dropped, because the client may send them again on another connection; issued
 * requests finish, their replies are dropped, and all memory is released. A client may also go away while its requests wait: before a
 * mutation that may be outdated is issued, {@link #isThere} checks whether the client is still there.
 *
 * <p>Confined to its loop, except for {@link #shutDown}, {@link #ended} and {@link #figures}.
 */
@SuppressWarnings("FutureReturnValueIgnored") // a failed write closes the channel, which channelInactive handles
public final class TransmissionHandler extends ChannelInboundHandlerAdapter
        implements ServedConnection, ConnectionPipeline.Connection {
    private static final Logger LOG = LoggerFactory.getLogger(TransmissionHandler.class);

    /**
     * Validity of a check that the client is still there. A client needs more time to send a request again on another connection, get the
     * reply, and write newer data. Only a poll of the kernel counts as a check: the end of the stream may directly follow received data.
     */
    private static final long FRESH_NANOS = 100_000;

    private final ConnectionContext connection;
    private final Session session;
    private final Export export;
    private final ReceiveBuffers receiveBuffers;
    private final CompletableFuture<@Nullable Void> ended = new CompletableFuture<>();
    private final long sinceNanos = System.nanoTime();
    private final Runnable endOfIteration = this::endOfIteration;
    private final Runnable nextTurn = this::nextTurn;

    private TransmissionState state = TransmissionState.SERVING;
    private @Nullable ConnectionPipeline parts;
    private boolean endOfIterationScheduled;
    private boolean readAsked;
    private long seenNanos = System.nanoTime();
    private boolean inDoubt;
    private boolean tlsEnded;
    private @Nullable Future<?> finishTimeout;
    private @Nullable Future<?> stallCheck;
    private long refusedSeen;
    private String endReason = "client went away";

    /** @param receiveBuffers receive buffers of the channel, so that large payloads are received in place */
    public TransmissionHandler(ConnectionContext connection, Session session, ReceiveBuffers receiveBuffers) {
        this.connection = connection;
        this.session = session;
        this.export = session.export();
        this.receiveBuffers = receiveBuffers;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        ConnectionPipeline made = ConnectionPipeline.of(ctx, connection, session, this);
        parts = made;
        if (session.security() == null) {
            // With TLS, the socket delivers records, not payload.
            receiveBuffers.destination(made.intake()::receiveInto);
        }
        int limitMs = connection.limits().closeTimeoutMs();
        stallCheck = ctx.executor()
                .scheduleWithFixedDelay(this::endIfStalled, limitMs, limitMs / 4 + 1, TimeUnit.MILLISECONDS);
        if (!export.attach(this)) {
            drop("the export is no longer served");
        } else if (!made.accounts().budget().isAdmitted()) {
            LOG.warn(
                    "{} is turned away, others are unharmed: connections that have gone still hold memory",
                    connection.name());
            drop("no share of the memory is free");
        }
        readOn();
    }

    private ConnectionPipeline parts() {
        if (parts == null) {
            throw new IllegalStateException("not in a pipeline yet");
        }
        return parts;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        long nowNanos = System.nanoTime();
        ConnectionPipeline now = parts();
        now.accounts().counters().heard(nowNanos);
        now.executor().arrived(nowNanos);
        now.intake().arrived((ByteBuf) message);
        advanced();
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        readAsked = false;
        if (parts().intake().yieldRequested()) {
            // io_uring completes receives that find data one after another. A task runs after them and after the plug
            // is pulled.
            connection.loop().execute(nextTurn);
        } else {
            readOn();
        }
    }

    private void nextTurn() {
        parts().intake().nextTurn();
        readOn();
    }

    private void readOn() {
        ConnectionPipeline now = parts();
        if (!readAsked && state == TransmissionState.SERVING && (now.intake().wantsBytes() || inDoubt)) {
            readAsked = true;
            now.ctx().read();
        }
    }

    private void advanced() {
        ConnectionPipeline now = parts();
        noteInFlight();
        if (now.replies().hasQueued()) {
            scheduleEndOfIteration();
        }
    }

    private void noteInFlight() {
        ConnectionBudget accounts = parts().accounts();
        accounts.counters().inFlight(accounts.inFlight().requests());
    }

    /** Continues to process the stream after room or memory has become free, or may have. */
    private void resume() {
        if (state == TransmissionState.SERVING) {
            parts().intake().advance();
            advanced();
            endWithTls();
            readOn();
        }
    }

    /**
     * Treats the client's close_notify as the end of its stream, whatever the socket does: some clients wait for our close_notify before
     * they close the socket.
     */
    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event instanceof SslCloseCompletionEvent end && end.isSuccess()) {
            tlsEnded = true;
            endWithTls();
        }
        ctx.fireUserEventTriggered(event);
    }

    /** Ends the connection after a close_notify, but not while undecoded bytes wait, because NBD_CMD_DISC may be among them. */
    private void endWithTls() {
        if (tlsEnded && state == TransmissionState.SERVING && !parts().intake().isBlocked()) {
            drop(endReason);
        }
    }

    @Override
    public boolean isGone() {
        return state == TransmissionState.GONE;
    }

    @Override
    public void answered() {
        scheduleEndOfIteration();
    }

    @Override
    public ConnectionFigures figures() {
        long nowNanos = System.nanoTime();
        ConnectionCounters counters = parts().accounts().counters();
        return new ConnectionFigures(
                connection.peer(),
                session,
                TimeUnit.NANOSECONDS.toMillis(nowNanos - sinceNanos),
                TimeUnit.NANOSECONDS.toMillis(Math.max(0, nowNanos - counters.lastNanos())),
                counters.requests(),
                counters.readBytes(),
                counters.writtenBytes(),
                counters.errors(),
                counters.inFlight());
    }

    /** Schedules a task that runs after all completions of this iteration, so that their replies are sent together. */
    private void scheduleEndOfIteration() {
        if (!endOfIterationScheduled) {
            endOfIterationScheduled = true;
            connection.loop().execute(endOfIteration);
        }
    }

    private void endOfIteration() {
        endOfIterationScheduled = false;
        noteInFlight();
        ConnectionPipeline now = parts();
        boolean hasClient = state == TransmissionState.SERVING || state == TransmissionState.FINISHING;
        if (hasClient) {
            if (now.replies().isBatchLarge()) {
                connection.loop().expectLull();
            }
            now.replies().flush();
        }
        now.executor().answered(hasClient);
        long usedBytes = now.accounts().budget().usedBytes();
        now.accounts().sweep();
        now.intake().memoryIsBack();
        // Only if memory came back: replies that cannot be sent yet would otherwise schedule this task again and again.
        if (now.intake().isBlocked() && now.accounts().budget().usedBytes() < usedBytes) {
            resume();
        }
        if (state == TransmissionState.FINISHING && now.accounts().inFlight().isEmpty()) {
            now.ctx().close();
        }
        endIfDone();
    }

    @Override
    public void sent(int requests, long inFlightBytes, long memoryBytes) {
        ConnectionBudget accounts = parts().accounts();
        accounts.inFlight().end(requests, inFlightBytes);
        if (memoryBytes > 0) {
            accounts.budget().release(memoryBytes);
        }
        if (accounts.inFlight().isEmpty()) {
            accounts.replyMemory().clear();
        }
        parts().intake().memoryIsBack();
        if (parts().intake().isBlocked()) {
            resume();
        }
        if (accounts.inFlight().isEmpty() && state != TransmissionState.SERVING) {
            scheduleEndOfIteration();
        }
    }

    @Override
    public boolean isThere(long nowNanos) {
        if (state != TransmissionState.SERVING) {
            return true;
        }
        if (!parts().ctx().channel().isActive()) {
            // The socket is closed; channelInactive will run after the plug is pulled.
            return false;
        }
        if (nowNanos - seenNanos < FRESH_NANOS) {
            return true;
        }
        if (!PeerHangup.hasHungUp(parts().ctx().channel())) {
            seenNanos = nowNanos;
            return true;
        }
        // Either NBD_CMD_DISC is at the end of the data that the client sent, or no waiting mutation may be issued:
        // read to find out.
        inDoubt = true;
        readOn();
        return false;
    }

    /**
     * Drops a client that does not read its replies, or stops in the middle of a WRITE, if other clients are refused memory. Until then it
     * may keep its memory.
     */
    private void endIfStalled() {
        ConnectionPipeline now = parts();
        MemoryBudget budget = now.accounts().budget();
        long refused = budget.refusalsOfOthers();
        boolean othersAreShort = refused != refusedSeen;
        refusedSeen = refused;
        if (state != TransmissionState.SERVING || !othersAreShort || budget.drawnBytes() == 0) {
            return;
        }
        int limitMs = connection.limits().closeTimeoutMs();
        long limitNanos = TimeUnit.MILLISECONDS.toNanos(limitMs);
        long nowNanos = System.nanoTime();
        boolean takesNothing = now.replies().untakenNanos(nowNanos) > limitNanos;
        boolean sendsNothing = now.intake().isReceiving()
                && nowNanos - now.accounts().counters().lastNanos() > limitNanos;
        if (takesNothing || sendsNothing) {
            String what = takesNothing ? "takes no replies" : "does not go on with its WRITE";
            LOG.warn("{} is cut off: it {}, and others are short of the memory that takes", connection.name(), what);
            drop("it " + what + " within timeoutMs=" + limitMs);
        }
    }

    private void become(TransmissionState next, String reason) {
        if (!state.mayBecome(next)) {
            throw new IllegalStateException("a connection may not go from " + state + " to " + next + ": " + reason);
        }
        state = next;
    }

    @Override
    public void disconnected() {
        finish("client disconnected");
    }

    @Override
    public void broken(String reason) {
        drop(reason);
    }

    @Override
    public void unreadable(String how) {
        export.copyReads();
        LOG.error(
                "{} is cut off: what it reads cannot be read, and its reply had begun: {}; {} now answers such reads with an error",
                connection.name(),
                how,
                export);
        drop("unreadable: " + how);
    }

    /** Ends the connection in order. */
    private void finish(String reason) {
        if (state != TransmissionState.SERVING) {
            return;
        }
        become(TransmissionState.FINISHING, reason);
        endReason = reason;
        parts().intake().end();
        // A client that does not read its replies would keep the connection open.
        finishTimeout = parts().ctx()
                .executor()
                .schedule(() -> drop("replies not taken"), connection.limits().closeTimeoutMs(), TimeUnit.MILLISECONDS);
        if (inDoubt) {
            parts().queue().reconsider();
        }
        scheduleEndOfIteration();
    }

    /** Ends the connection at once. */
    private void drop(String reason) {
        if (state == TransmissionState.SERVING) {
            endReason = reason;
        }
        parts().ctx().close();
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        if (state != TransmissionState.SERVING && state != TransmissionState.FINISHING) {
            return;
        }
        boolean dropUnissued = state == TransmissionState.SERVING;
        become(TransmissionState.GONE, endReason);
        if (finishTimeout != null) {
            finishTimeout.cancel(false);
        }
        if (stallCheck != null) {
            stallCheck.cancel(false);
        }
        ConnectionPipeline now = parts();
        now.intake().end();
        if (dropUnissued) {
            now.queue().dropUnissued(this);
        }
        now.replies().close();
        scheduleEndOfIteration();
    }

    private void endIfDone() {
        ConnectionPipeline now = parts();
        if (state != TransmissionState.GONE || !now.accounts().inFlight().isEmpty()) {
            return;
        }
        if (!now.accounts().payloadMemory().isEmpty()) {
            // The last request releases its memory directly after its notifier has run.
            scheduleEndOfIteration();
            return;
        }
        become(TransmissionState.ENDED, endReason);
        now.accounts().budget().close();
        export.detach(this);
        LOG.info(
                "{} ended: {}; {} requests={} failures={} copiedBytes={}",
                connection.name(),
                endReason,
                export,
                now.intake().requests(),
                now.accounts().counters().errors(),
                now.payload().copiedBytes());
        ended.complete(null);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        String tlsFailure = TlsFailure.broken(cause);
        if (tlsFailure != null) {
            drop(tlsFailure);
        } else if (cause instanceof IOException) {
            drop(String.valueOf(cause.getMessage()));
        } else {
            LOG.error("{}: a bug; the connection is dropped, others are unharmed", connection.name(), cause);
            drop(cause.toString());
        }
    }

    @Override
    public void shutDown(String reason) {
        connection.loop().execute(() -> finish(reason));
    }

    @Override
    public CompletionStage<@Nullable Void> ended() {
        return ended;
    }
}
