package org.kiobd.nbd.transmission;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.ssl.SslCloseCompletionEvent;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.kiobd.nbd.ConnectionContext;
import org.kiobd.nbd.ConnectionFigures;
import org.kiobd.nbd.Export;
import org.kiobd.nbd.ServedConnection;
import org.kiobd.nbd.Session;
import org.kiobd.nbd.tls.TlsFailure;
import org.kiobd.volume.queue.RequestQueue;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One connection in its transmission phase: passes the received bytes to the {@link RequestIntake}, and decides when to read, when to flush
 * the replies, and what follows when the socket ends.
 *
 * <p>After NBD_CMD_DISC, or when the server shuts down, all accepted requests are finished, answered and flushed. If the socket ends
 * without NBD_CMD_DISC, requests that were not issued are dropped, because the client may send them again on another connection; issued
 * requests finish, their replies are dropped, and all memory is released. A client may also go away while its requests wait: before a
 * mutation that may be outdated is issued, the {@link PeerSocket} checks whether the client is still there. A new connection of the export
 * reads nothing until the requests of lost connections have ended ({@link Export#lostEnded}).
 *
 * <p>Confined to its loop, except for {@link #shutDown}, {@link #ended} and {@link #figures}.
 */
public final class TransmissionHandler extends ChannelInboundHandlerAdapter implements ServedConnection {
    private static final Logger LOG = LoggerFactory.getLogger(TransmissionHandler.class);

    private final ConnectionContext connection;
    private final Session session;
    private final Export export;
    private final ReceiveBuffers receiveBuffers;
    private final CompletableFuture<@Nullable Void> ended = new CompletableFuture<>();
    private final long sinceNanos = System.nanoTime();
    private final Runnable nextTurn = this::nextTurn;
    private final ArrayDeque<ByteBuf> held = new ArrayDeque<>();
    private @Nullable Parts parts;
    /** Whether nothing is read, because requests of lost connections have not ended. */
    private boolean holds;

    /** Whether the client has gone without NBD_CMD_DISC. */
    private boolean lost;

    /** The parts of the connection, created when the handler is added to a channel pipeline. */
    private record Parts(
            Transmission transmission,
            PeerSocket peer,
            ReplyWriter replies,
            ReplyDispatcher dispatcher,
            RequestIntake intake,
            StallCheck stallCheck) {

        static Parts of(Transmission transmission, int closeTimeoutMs) {
            boolean isRaw = transmission.session().security() == null;
            RawSocket socket = isRaw ? RawSocket.of(transmission.ctx().channel()) : null;
            PeerSocket peer = new PeerSocket(transmission);
            ReplyWriter replies = new ReplyWriter(transmission, socket);
            ReplyDispatcher dispatcher = new ReplyDispatcher(transmission, replies);
            RequestExecutor executor = new RequestExecutor(transmission, peer, dispatcher, socket != null);
            RequestIntake intake = new RequestIntake(transmission, executor, replies, socket);
            StallCheck stallCheck = new StallCheck(transmission, replies, intake, closeTimeoutMs);
            return new Parts(transmission, peer, replies, dispatcher, intake, stallCheck);
        }
    }

    /** @param receiveBuffers receive buffers of the channel, so that large payloads are received in place */
    public TransmissionHandler(ConnectionContext connection, Session session, ReceiveBuffers receiveBuffers) {
        this.connection = connection;
        this.session = session;
        this.export = session.export();
        this.receiveBuffers = receiveBuffers;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        Transmission transmission = new Transmission(ctx, connection, session, this::endOfIteration);
        Parts made = Parts.of(transmission, connection.limits().closeTimeoutMs());
        parts = made;
        if (session.security() == null) {
            // With TLS, the socket delivers records, not payload.
            receiveBuffers.destination(made.intake::receiveInto);
        }
        made.stallCheck.start();
        if (!export.attach(this)) {
            transmission.drop("the export is no longer served");
        } else if (!transmission.budget().isAdmitted()) {
            LOG.warn(
                    "{} is turned away, others are unharmed: connections that have gone still hold memory",
                    connection.name());
            transmission.drop("no share of the memory is free");
        }
        waitForLost();
        readOn();
    }

    private void waitForLost() {
        CompletionStage<@Nullable Void> others = export.lostEnded(this);
        holds = !others.toCompletableFuture().isDone();
        if (holds) {
            others.thenRun(() -> connection.loop().execute(this::goOn));
        }
    }

    private void goOn() {
        holds = false;
        ByteBuf message = held.poll();
        while (message != null) {
            take(message);
            message = held.poll();
        }
        readOn();
    }

    private Parts parts() {
        if (parts == null) {
            throw new IllegalStateException("not in a pipeline yet");
        }
        return parts;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        if (holds) {
            held.add((ByteBuf) message);
        } else {
            take((ByteBuf) message);
        }
    }

    private void take(ByteBuf message) {
        long nowNanos = System.nanoTime();
        Parts now = parts();
        now.transmission.counters().heard(nowNanos);
        now.intake.arrived(message, nowNanos);
        advanced();
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        Parts now = parts();
        now.peer.readCompleted();
        if (now.intake.yieldRequested()) {
            // io_uring completes receives that find data one after another. A task runs after them and after the plug
            // is pulled.
            connection.loop().execute(nextTurn);
        } else {
            readOn();
        }
    }

    private void nextTurn() {
        parts().intake.nextTurn();
        readOn();
    }

    private void readOn() {
        Parts now = parts();
        // While it holds, one receive is enough to notice that the client leaves.
        boolean mayRead = !holds || held.isEmpty();
        if (mayRead && now.transmission.isServing() && (now.intake.wantsBytes() || now.peer.isInDoubt())) {
            now.peer.read();
        }
    }

    private void advanced() {
        noteInFlight();
        if (parts().replies.hasQueued()) {
            parts().transmission.atEndOfIteration();
        }
    }

    private void noteInFlight() {
        Transmission transmission = parts().transmission;
        transmission.counters().inFlight(transmission.budget().requests());
    }

    /**
     * Treats the client's close_notify as the end of its stream, whatever the socket does: some clients wait for our close_notify before
     * they close the socket.
     */
    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event instanceof SslCloseCompletionEvent end && end.isSuccess()) {
            Transmission transmission = parts().transmission;
            transmission.closeNotified();
            transmission.endIfCloseNotified();
        }
        ctx.fireUserEventTriggered(event);
    }

    /** Runs after all completions of an iteration, so that their replies are sent together. */
    private void endOfIteration() {
        noteInFlight();
        Parts now = parts();
        Transmission transmission = now.transmission;
        if (transmission.isServing() || transmission.isFinishing()) {
            if (now.replies.isBatchLarge()) {
                connection.loop().expectLull();
            }
            now.replies.flush();
        }
        now.dispatcher.recordLatencies();
        transmission.memory().sweep();
        if (transmission.budget().isAwaited()) {
            roomIsBack();
        }
        if (transmission.isFinishing()) {
            if (now.peer.endDoubt()) {
                queue().reconsider();
            }
            transmission.closeIfAnswered();
        }
        endIfDone();
    }

    /** Continues to process the stream if room or memory has become free; if the client has gone, a waiting READ ends. */
    private void roomIsBack() {
        Parts now = parts();
        // Otherwise, replies that cannot be sent yet would schedule the end of the iteration again and again.
        if (now.transmission.budget().tookBack() || now.transmission.isGone()) {
            now.intake.roomIsBack();
            advanced();
            now.transmission.endIfCloseNotified();
            readOn();
        }
    }

    private RequestQueue queue() {
        return parts().transmission.exportLoop().queue();
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        Parts now = parts();
        if (!now.transmission.isServing() && !now.transmission.isFinishing()) {
            return;
        }
        lost = !now.transmission.isDisconnected();
        now.transmission.gone();
        held.forEach(ByteBuf::release);
        held.clear();
        now.stallCheck.stop();
        now.intake.end();
        if (now.transmission.isDisconnected()) {
            // Mutations that wait because the peer was in doubt are issued: they were accepted before the orderly end.
            queue().reconsider();
        } else {
            queue().dropUnissued(now.peer);
        }
        now.replies.close();
        now.transmission.atEndOfIteration();
    }

    private void endIfDone() {
        Parts now = parts();
        Transmission transmission = now.transmission;
        if (!transmission.isGone() || !transmission.budget().isIdle()) {
            return;
        }
        if (transmission.memory().holdsPayload()) {
            // The last request releases its memory directly after its notifier has run.
            transmission.atEndOfIteration();
            return;
        }
        transmission.ended();
        export.detach(this);
        LOG.info(
                "{} ended: {}; {} requests={} failures={} copiedBytes={}",
                connection.name(),
                transmission.endReason(),
                export,
                now.intake.requests(),
                transmission.counters().errors(),
                now.intake.copiedBytes());
        ended.complete(null);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        String tlsFailure = TlsFailure.broken(cause);
        Transmission transmission = parts().transmission;
        if (tlsFailure != null) {
            transmission.drop(tlsFailure);
        } else if (cause instanceof IOException) {
            transmission.drop(String.valueOf(cause.getMessage()));
        } else {
            LOG.error("{}: a bug; the connection is dropped, others are unharmed", connection.name(), cause);
            transmission.drop(cause.toString());
        }
    }

    @Override
    public ConnectionFigures figures() {
        long nowNanos = System.nanoTime();
        ConnectionCounters counters = parts().transmission.counters();
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
    public void shutDown(String reason) {
        connection.loop().execute(() -> {
            Parts now = parts();
            if (now.transmission.isServing()) {
                now.intake.end();
                now.transmission.finish(reason);
            }
        });
    }

    @Override
    public CompletionStage<@Nullable Void> endedIfLost() {
        CompletableFuture<@Nullable Void> answer = new CompletableFuture<>();
        try {
            // On its loop, which notices first what has happened to the socket. A connection that has no room does not
            // read, and its end is
            // noticed only when it does; to wait for it would let those who hold the memory hold up everybody else.
            connection.loop().execute(() -> {
                if (lost) {
                    ended().thenRun(() -> answer.complete(null));
                } else {
                    answer.complete(null);
                }
            });
        } catch (RejectedExecutionException e) {
            LOG.debug("{}: its loop has ended", connection.name(), e);
            answer.complete(null);
        }
        return answer;
    }

    @Override
    public CompletionStage<@Nullable Void> ended() {
        return ended;
    }
}
