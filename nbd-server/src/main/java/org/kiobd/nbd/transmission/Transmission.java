package org.kiobd.nbd.transmission;

import io.netty.channel.ChannelHandlerContext;
import io.netty.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.kiobd.nbd.ConnectionContext;
import org.kiobd.nbd.ExportLoop;
import org.kiobd.nbd.Session;
import org.kiobd.nbd.trace.TraceSession;
import org.kiobd.volume.BlockDevice;
import org.kiobd.volume.kiobuf.PagePool;
import org.kiobd.volume.loop.IoLoop;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The data that the parts of one connection share during transmission: the negotiated protocol, the resources in use, the state, and
 * the ways to end it. Created and owned by the {@link TransmissionHandler}; confined to the connection's loop, except for {@link #counters}.
 */
@SuppressWarnings("FutureReturnValueIgnored") // a failed close leaves the channel to channelInactive
final class Transmission {
    private static final Logger LOG = LoggerFactory.getLogger(Transmission.class);

    private final ChannelHandlerContext ctx;
    private final ConnectionContext connection;
    private final Session session;
    private final Runnable endOfIteration;
    private final IoLoop loop;
    private final PagePool pool;
    private final ReplyEncoding encoding;
    private final ExportLoop exportLoop;
    private final ConnectionBudget budget;
    private final ConnectionMemory memory;
    private final @Nullable TraceSession trace;
    private final ConnectionCounters counters = new ConnectionCounters();
    private final Runnable runEndOfIteration = this::runEndOfIteration;

    private TransmissionState state = TransmissionState.SERVING;
    private String endReason = "client went away";
    private @Nullable Future<?> finishTimeout;
    private boolean endOfIterationScheduled;
    private boolean disconnected;

    /** @param endOfIteration task that runs after all completions of an iteration in which {@link #atEndOfIteration} was called */
    Transmission(ChannelHandlerContext ctx, ConnectionContext connection, Session session, Runnable endOfIteration) {
        this.ctx = ctx;
        this.connection = connection;
        this.session = session;
        this.endOfIteration = endOfIteration;
        this.loop = connection.loop();
        this.pool = connection.pool();
        this.encoding = ReplyEncoding.of(session.style());
        // Fails if the device is closed, so it comes before the connection takes its share of the memory.
        this.exportLoop = session.export().on(loop);
        this.trace = session.export().trace(connection.peer());
        this.budget = new ConnectionBudget(pool, connection.limits());
        this.memory = new ConnectionMemory(pool, budget, session.export().device());
    }

    ChannelHandlerContext ctx() {
        return ctx;
    }

    /** Returns the name of the connection for the log. */
    String name() {
        return connection.name();
    }

    IoLoop loop() {
        return loop;
    }

    PagePool pool() {
        return pool;
    }

    Session session() {
        return session;
    }

    BlockDevice device() {
        return session.export().device();
    }

    /** Returns the part of the export that belongs to the loop. */
    ExportLoop exportLoop() {
        return exportLoop;
    }

    ReplyEncoding encoding() {
        return encoding;
    }

    ConnectionBudget budget() {
        return budget;
    }

    ConnectionMemory memory() {
        return memory;
    }

    /** Returns the trace of the requests; null if they are not traced. */
    @Nullable
    TraceSession trace() {
        return trace;
    }

    ConnectionCounters counters() {
        return counters;
    }

    /** Returns whether requests are decoded and replies are sent. */
    boolean isServing() {
        return state == TransmissionState.SERVING || state == TransmissionState.CLOSE_NOTIFIED;
    }

    /** Returns whether accepted requests are being finished, and nothing more is decoded. */
    boolean isFinishing() {
        return state == TransmissionState.FINISHING;
    }

    /** Returns whether the client has gone, so that no reply is needed. */
    boolean isGone() {
        return state == TransmissionState.GONE;
    }

    /** Returns why the connection ends, or has ended. */
    String endReason() {
        return endReason;
    }

    private void become(TransmissionState next, String reason) {
        if (!state.mayBecome(next)) {
            throw new IllegalStateException("a connection may not go from " + state + " to " + next + ": " + reason);
        }
        state = next;
    }

    /** Schedules the end of the iteration: its task sends the replies of all completions of this iteration together. */
    void atEndOfIteration() {
        if (!endOfIterationScheduled) {
            endOfIterationScheduled = true;
            loop.execute(runEndOfIteration);
        }
    }

    private void runEndOfIteration() {
        endOfIterationScheduled = false;
        endOfIteration.run();
    }

    /**
     * Counts requests whose replies are in the socket, or can no longer be sent.
     *
     * @param memoryBytes reserved bytes that the data of the replies took
     */
    void sent(int requests, long inFlightBytes, long memoryBytes) {
        budget.end(requests, inFlightBytes);
        if (memoryBytes > 0) {
            budget.release(memoryBytes);
        }
        if (budget.isIdle()) {
            memory.clearReplies();
        }
        if (budget.isAwaited() || !isServing()) {
            atEndOfIteration();
        }
    }

    /** Notes that the client has sent its close_notify. */
    void closeNotified() {
        if (state == TransmissionState.SERVING) {
            become(TransmissionState.CLOSE_NOTIFIED, "close_notify");
        }
    }

    /** Ends the connection after a close_notify, unless undecoded bytes wait. */
    void endIfCloseNotified() {
        if (state == TransmissionState.CLOSE_NOTIFIED && !budget.isAwaited()) {
            drop(endReason);
        }
    }

    /** Ends the connection in order: accepted requests are finished and answered. The caller decodes nothing more. */
    void finish(String reason) {
        if (!isServing()) {
            return;
        }
        become(TransmissionState.FINISHING, reason);
        endReason = reason;
        // A client that does not read its replies would keep the connection open.
        finishTimeout = ctx.executor()
                .schedule(() -> drop("replies not taken"), connection.limits().closeTimeoutMs(), TimeUnit.MILLISECONDS);
        atEndOfIteration();
    }

    /** Ends the connection in order, because the client has sent NBD_CMD_DISC. */
    void disconnected() {
        disconnected = true;
        finish("client disconnected");
    }

    /** Returns whether the client has sent NBD_CMD_DISC: it sends no request again on another connection. */
    boolean isDisconnected() {
        return disconnected;
    }

    /** Closes the socket if the connection is finishing and all accepted requests have been answered. */
    void closeIfAnswered() {
        if (state == TransmissionState.FINISHING && budget.isIdle()) {
            ctx.close();
        }
    }

    /** Ends the connection at once. */
    void drop(String reason) {
        if (isServing()) {
            endReason = reason;
        }
        ctx.close();
    }

    /** Ends the connection at once, because a file turned out to be unreadable after the reply to a READ has begun. */
    void unreadable(String how) {
        session.export().copyReads();
        LOG.error(
                "{} is cut off: what it reads cannot be read, and its reply had begun: {}; {} now answers such reads with an error",
                connection.name(),
                how,
                session.export());
        drop("unreadable: " + how);
    }

    /** Notes that the socket is closed. */
    void gone() {
        become(TransmissionState.GONE, endReason);
        if (finishTimeout != null) {
            finishTimeout.cancel(false);
        }
    }

    /** Notes that no request is in flight and no memory is in use after the socket was closed. */
    void ended() {
        become(TransmissionState.ENDED, endReason);
        budget.close();
    }
}
