package org.kiobd.nbd.transmission;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.ssl.SslCloseCompletionEvent;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.kiobd.nbd.ConnectionContext;
import org.kiobd.nbd.ConnectionFigures;
import org.kiobd.nbd.Export;
import org.kiobd.nbd.ExportLoop;
import org.kiobd.nbd.ServedConnection;
import org.kiobd.nbd.Session;
import org.kiobd.nbd.tls.TlsFailure;
import org.kiobd.volume.Extent;
import org.kiobd.volume.IoError;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.Op;
import org.kiobd.volume.queue.Requester;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One connection in its transmission phase: hands what the socket delivers to the {@link RequestIntake}, completions to the {@link
 * ReplyWriter}, and decides when to read, when to flush and how it ends.
 *
 * <p>After NBD_CMD_DISC, or when the server shuts down, everything accepted is finished, answered and flushed. When the socket ends
 * without it, what was not issued is dropped, for the client may send it again elsewhere; what was issued finishes, its reply is
 * thrown away, and all memory is given back. A client may also go away while its requests wait: before a mutation is issued that may
 * be old, {@link #isThere} looks.
 *
 * <p>Confined to its loop, but for {@link #shutDown} and {@link #ended}.
 */
@SuppressWarnings("FutureReturnValueIgnored") // a write or close that fails closes the channel, and that is seen
public final class TransmissionHandler extends ChannelInboundHandlerAdapter
        implements ServedConnection, Requester, RequestExecutor.Listener {
    private static final Logger LOG = LoggerFactory.getLogger(TransmissionHandler.class);

    /**
     * A client that was there so recently is not looked for again: less than it takes one to send a request again on another
     * connection, see it answered, and write something newer. Only asking the kernel counts: data may be read, and drained, with the
     * end of the stream right behind them.
     */
    private static final long FRESH_NANOS = 100_000;

    private final ConnectionContext connection;
    private final Session session;
    private final Export export;
    private final ReplyEncoding encoding;
    private final ReceiveBuffers receiveBuffers;
    private final CompletableFuture<@Nullable Void> ended = new CompletableFuture<>();
    private final InFlight inFlight;
    private final MemoryBudget budget;
    private final ConnectionCounters counters = new ConnectionCounters();
    private final long sinceNanos = System.nanoTime();
    private final PayloadMemory payloadMemory;
    private final Runnable endOfIteration = this::endOfIteration;

    private TransmissionState state = TransmissionState.SERVING;
    private @Nullable Wiring wiring;
    private boolean endOfIterationScheduled;
    private boolean readAsked;
    private long seenNanos = System.nanoTime();
    private boolean inDoubt;
    private boolean tlsEnded;
    private @Nullable Future<?> finishTimeout;
    private @Nullable Future<?> stallCheck;
    private String endReason = "client went away";
    private long countedRequests;
    private long copiedBytes;

    /** What exists once the handler has its place in a pipeline. */
    private record Wiring(
            ChannelHandlerContext ctx,
            ExportLoop exportLoop,
            RequestExecutor executor,
            ReplyWriter replies,
            RequestIntake intake,
            WritePayload payload) {}

    /** @param receiveBuffers the channel's, so that large payloads are received in place */
    public TransmissionHandler(ConnectionContext connection, Session session, ReceiveBuffers receiveBuffers) {
        this.connection = connection;
        this.session = session;
        this.export = session.export();
        this.encoding = ReplyEncoding.of(session.style());
        this.receiveBuffers = receiveBuffers;
        this.inFlight = new InFlight(connection.limits());
        this.budget = new MemoryBudget(connection.pool(), connection.loop(), this::resume);
        this.payloadMemory = new PayloadMemory(budget);
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        ExportLoop exportLoop = export.on(connection.loop());
        // A pool smaller than the largest request could never grant it: refused then, rather than waited for without
        // end.
        long maximumPayloadBytes = Math.min(
                export.device().info().maximumPayloadBytes(),
                connection.pool().capacityBytes() - encoding.readMemoryBytes(0));
        RequestDecoder decoder = new RequestDecoder(session.style());
        ReplyWriter replies = new ReplyWriter(ctx, connection.pool(), encoding, this::sent);
        RequestExecutor executor = new RequestExecutor(connection, session, encoding, this, this);
        WritePayload payload = new WritePayload(decoder, connection.pool(), budget, payloadMemory);
        RequestIntake.Parts parts = new RequestIntake.Parts(
                decoder,
                new RequestValidator(session, maximumPayloadBytes),
                executor,
                encoding,
                replies,
                inFlight,
                budget,
                payload,
                counters);
        RequestIntake intake = new RequestIntake(parts, session, maximumPayloadBytes, new RequestIntake.Listener() {
            @Override
            public void disconnected() {
                finish("client disconnected");
            }

            @Override
            public void broken(String reason) {
                drop(reason);
            }
        });
        if (session.security() == null) {
            // Under TLS the socket delivers records, not payload.
            receiveBuffers.destination(intake::receiveInto);
        }
        wiring = new Wiring(ctx, exportLoop, executor, replies, intake, payload);
        int limitMs = connection.limits().closeTimeoutMs();
        stallCheck = ctx.executor()
                .scheduleWithFixedDelay(this::endIfStalled, limitMs, limitMs / 4 + 1, TimeUnit.MILLISECONDS);
        if (!export.attach(this)) {
            drop("the export is no longer served");
        }
        readOn();
    }

    private Wiring wiring() {
        if (wiring == null) {
            throw new IllegalStateException("not in a pipeline yet");
        }
        return wiring;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        long nowNanos = System.nanoTime();
        counters.heard(nowNanos);
        wiring().executor.arrived(nowNanos);
        wiring().intake.offer((ByteBuf) message);
        advance();
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        readAsked = false;
        readOn();
    }

    private void readOn() {
        Wiring now = wiring();
        if (!readAsked && state == TransmissionState.SERVING && (now.intake.wantsBytes() || inDoubt)) {
            readAsked = true;
            now.ctx.read();
        }
    }

    private void advance() {
        RequestIntake intake = wiring().intake;
        intake.advance();
        long received = intake.requests() - countedRequests;
        if (received > 0) {
            countedRequests += received;
            wiring().exportLoop.received((int) received);
            counters.inFlight(inFlight.requests());
        }
        if (wiring().replies.hasQueued()) {
            scheduleEndOfIteration();
        }
    }

    /** Room or memory has come. */
    private void resume() {
        if (state == TransmissionState.SERVING) {
            advance();
            endWithTls();
            readOn();
        }
    }

    /** The client's close_notify is the end of its stream, whatever its socket does: some wait for ours before they close it. */
    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event instanceof SslCloseCompletionEvent end && end.isSuccess()) {
            tlsEnded = true;
            endWithTls();
        }
        ctx.fireUserEventTriggered(event);
    }

    /** Not while undecoded bytes wait, for NBD_CMD_DISC may be among them. */
    private void endWithTls() {
        if (tlsEnded && state == TransmissionState.SERVING && !wiring().intake.isBlocked()) {
            drop(endReason);
        }
    }

    @Override
    public void ended(Kiobuf request, @Nullable IoError error) {
        long bytes = wiring().executor.inFlightBytes(request);
        ReplyWriter replies = wiring().replies;
        count(request, error);
        if (request.op() == Op.READ && (error != null || state == TransmissionState.GONE)) {
            budget.release(bytes);
        }
        if (error == IoError.DROPPED || state == TransmissionState.GONE) {
            inFlight.end(1, bytes);
        } else if (error != null) {
            replies.failure(request.cookie(), request.offsetBytes(), WireErrors.of(request, error), bytes);
        } else if (request.op() == Op.READ) {
            replies.data(request);
        } else {
            replies.success(request.cookie(), request.offsetBytes(), bytes);
        }
        scheduleEndOfIteration();
    }

    private void count(Kiobuf request, @Nullable IoError error) {
        if (error != null) {
            counters.failed();
        } else if (request.op() == Op.READ) {
            counters.read(request.lengthBytes());
        } else if (request.op() == Op.WRITE) {
            counters.written(request.lengthBytes());
        }
    }

    @Override
    public ConnectionFigures figures() {
        long nowNanos = System.nanoTime();
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

    @Override
    public void ended(StatusQuery query, List<Extent> extents, @Nullable IoError error) {
        ChunkEncoding chunks = (ChunkEncoding) encoding;
        long bytes = query.memoryBytes(chunks);
        if (error != null) {
            counters.failed();
        }
        if (error != null || state == TransmissionState.GONE) {
            budget.release(bytes);
        }
        if (state == TransmissionState.GONE) {
            inFlight.end(1, bytes);
        } else if (error != null) {
            Failure failure = new Failure(WireErrors.errno(error), WireErrors.text(error));
            wiring().replies.failure(query.cookie(), query.range().offsetBytes(), failure, bytes);
        } else {
            ByteBuf reply = connection.pool().allocate((int) bytes);
            query.encode(reply, chunks, export.device(), extents);
            wiring().replies.encoded(reply, bytes);
        }
        scheduleEndOfIteration();
    }

    /** A task runs behind all the completions of this iteration: their replies leave together. */
    private void scheduleEndOfIteration() {
        if (!endOfIterationScheduled) {
            endOfIterationScheduled = true;
            connection.loop().execute(endOfIteration);
        }
    }

    private void endOfIteration() {
        endOfIterationScheduled = false;
        counters.inFlight(inFlight.requests());
        if (state == TransmissionState.SERVING || state == TransmissionState.FINISHING) {
            wiring().replies.flush();
        }
        wiring().executor.answered();
        payloadMemory.sweep();
        if (state == TransmissionState.FINISHING && inFlight.isEmpty()) {
            wiring().ctx.close();
        }
        endIfDone();
    }

    /** Replies are on the socket, or it is closed. */
    private void sent(int requests, long inFlightBytes, long memoryBytes) {
        inFlight.end(requests, inFlightBytes);
        if (memoryBytes > 0) {
            budget.release(memoryBytes);
        }
        if (wiring().intake.isBlocked() && !budget.isWaiting()) {
            resume();
        }
        if (inFlight.isEmpty() && state != TransmissionState.SERVING) {
            scheduleEndOfIteration();
        }
    }

    @Override
    public boolean isThere(long nowNanos) {
        if (state != TransmissionState.SERVING) {
            return true;
        }
        if (!wiring().ctx.channel().isActive()) {
            // Closed already, and channelInactive is on its way behind the plug.
            return false;
        }
        if (nowNanos - seenNanos < FRESH_NANOS) {
            return true;
        }
        if (!PeerHangup.hasHungUp(wiring().ctx.channel())) {
            seenNanos = nowNanos;
            return true;
        }
        // Either NBD_CMD_DISC stands at the end of what it sent, or nothing of what waits may be issued: read to find
        // out.
        inDoubt = true;
        readOn();
        return false;
    }

    /** A client that asks and does not take the answers keeps their memory; that is its own affair until others need it. */
    private void endIfStalled() {
        long untakenNanos = wiring().replies.untakenNanos(System.nanoTime());
        int limitMs = connection.limits().closeTimeoutMs();
        int others = connection.pool().waiting() - (budget.isWaiting() ? 1 : 0);
        if (state == TransmissionState.SERVING && untakenNanos > TimeUnit.MILLISECONDS.toNanos(limitMs) && others > 0) {
            LOG.warn("{} is cut off: it takes no replies, and others wait for the memory they take", connection.name());
            drop("replies not taken within timeoutMs=" + limitMs);
        }
    }

    private void become(TransmissionState next, String reason) {
        if (!state.mayBecome(next)) {
            throw new IllegalStateException("a connection may not go from " + state + " to " + next + ": " + reason);
        }
        state = next;
    }

    /** Ends in order. */
    private void finish(String reason) {
        if (state != TransmissionState.SERVING) {
            return;
        }
        become(TransmissionState.FINISHING, reason);
        endReason = reason;
        wiring().intake.end();
        // A client that does not read its replies would hold the connection.
        finishTimeout = wiring().ctx
                .executor()
                .schedule(() -> drop("replies not taken"), connection.limits().closeTimeoutMs(), TimeUnit.MILLISECONDS);
        if (inDoubt) {
            wiring().exportLoop.queue().reconsider();
        }
        scheduleEndOfIteration();
    }

    /** Ends at once. */
    private void drop(String reason) {
        if (state == TransmissionState.SERVING) {
            endReason = reason;
        }
        wiring().ctx.close();
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
        Wiring now = wiring();
        now.intake.end();
        if (dropUnissued) {
            now.exportLoop.queue().dropUnissued(this);
        }
        now.replies.close();
        copiedBytes = now.payload.copiedBytes();
        scheduleEndOfIteration();
    }

    private void endIfDone() {
        if (state != TransmissionState.GONE || !inFlight.isEmpty()) {
            return;
        }
        if (!payloadMemory.isEmpty()) {
            // The last request lets go of its memory right behind its notifier.
            scheduleEndOfIteration();
            return;
        }
        become(TransmissionState.ENDED, endReason);
        export.detach(this);
        LOG.info(
                "{} ended: {}; {} requests={} failures={} copiedBytes={}",
                connection.name(),
                endReason,
                export,
                countedRequests,
                counters.errors(),
                copiedBytes);
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
