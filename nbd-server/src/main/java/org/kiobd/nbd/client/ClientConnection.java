package org.kiobd.nbd.client;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.kiobd.nbd.HeaderStyle;
import org.kiobd.nbd.protocol.NbdCommand;
import org.kiobd.nbd.protocol.NbdErrno;
import org.kiobd.nbd.tls.TlsFailure;
import org.kiobd.volume.kiobuf.Fragment;

/**
 * The transmission phase of one connection: the requests in flight, the requests that wait to be sent, and the end of both. The last
 * handler of its channel; confined to the event loop, except for {@link #closed()}.
 */
@SuppressWarnings("FutureReturnValueIgnored") // a failed write or close closes the channel, which this handler sees
final class ClientConnection extends ChannelInboundHandlerAdapter implements ReplyDecoder.Requests {
    /** A receive of this size or more probably left the server with little to do: new requests are flushed before the next receive. */
    private static final int MUCH_BYTES = 64 << 10;

    private final String name;
    private final HeaderStyle style;
    private final NbdClientOptions limits;
    private final ReplyDecoder decoder;
    private final CompletableFuture<@Nullable Void> closed = new CompletableFuture<>();

    private final InFlightRequests inFlight = new InFlightRequests();
    private final ArrayDeque<Pending> waiting = new ArrayDeque<>();
    private final List<CompletableFuture<@Nullable Void>> wantRoom = new ArrayList<>();
    private @Nullable ChannelHandlerContext ctx;
    private @Nullable RequestBatch batch;
    private @Nullable NbdException ended;
    private long inFlightBytes;
    private boolean leaving;
    private boolean sending;
    private boolean flushComing;
    private boolean receiving;
    private long receivedNanos;

    /** @param name name of the server, for messages */
    ClientConnection(String name, HeaderStyle style, NbdClientOptions limits) {
        this.name = name;
        this.style = style;
        this.limits = limits;
        this.decoder = new ReplyDecoder(style, this);
    }

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
        ctx = context;
        batch = new RequestBatch(context, style);
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext context) {
        if (batch != null) {
            batch.close();
            batch = null;
        }
    }

    private ChannelHandlerContext ctx() {
        if (ctx == null) {
            throw new IllegalStateException("not in a pipeline");
        }
        return ctx;
    }

    /** Returns a future that completes when the connection has ended and nothing is in flight; it never fails. Any thread. */
    CompletableFuture<@Nullable Void> closed() {
        return closed;
    }

    /** Sends the request, now or when there is room. Takes the resources that the request owns. */
    void submit(Pending request) {
        if (ended != null) {
            request.fail(NbdException.lost(name + ": the connection has ended before: " + ended.getMessage(), ended));
        } else if (leaving) {
            request.fail(
                    NbdException.refused(NbdErrno.NBD_ESHUTDOWN, name + ": nothing can be asked after the disconnect"));
        } else if (waiting.size() >= limits.maxWaitingRequests()) {
            request.fail(NbdException.refused(
                    NbdErrno.NBD_ENOMEM,
                    name + ": too many requests wait: maxWaitingRequests=" + limits.maxWaitingRequests()
                            + "; those before it go on; wait for room()"));
        } else {
            waiting.add(request);
            sendWaiting();
        }
    }

    private boolean hasRoomFor(long bytes) {
        return inFlight.isEmpty()
                || (inFlight.size() < limits.maxInFlightRequests()
                        && inFlightBytes + bytes <= limits.maxInFlightBytes());
    }

    /** Completes {@code future} as {@link NbdCommands#room} specifies. */
    void whenRoom(CompletableFuture<@Nullable Void> future) {
        if (ended != null || (waiting.isEmpty() && hasRoomFor(1))) {
            future.complete(null);
        } else {
            wantRoom.add(future);
        }
    }

    private void sendWaiting() {
        if (sending) {
            return;
        }
        sending = true;
        try {
            Pending next = waiting.peek();
            while (next != null && ended == null && hasRoomFor(next.payloadBytes())) {
                waiting.remove();
                send(next);
                next = waiting.peek();
            }
        } finally {
            sending = false;
        }
        if (waiting.isEmpty() && !wantRoom.isEmpty() && hasRoomFor(1)) {
            List<CompletableFuture<@Nullable Void>> told = List.copyOf(wantRoom);
            wantRoom.clear();
            told.forEach(future -> future.complete(null));
        }
        if (leaving && ended == null && waiting.isEmpty() && inFlight.isEmpty()) {
            sayGoodbye();
        }
    }

    private void send(Pending pending) {
        try {
            if (pending instanceof PendingRead read) {
                read.provideMemory(ctx().alloc());
            }
        } catch (OutOfMemoryError e) {
            pending.fail(NbdException.refused(
                    NbdErrno.NBD_ENOMEM, name + ": no memory for " + pending.request() + "; it was not sent"));
            return;
        }
        inFlight.add(pending);
        inFlightBytes += pending.payloadBytes();
        write(pending.request(), pending.cookie(), pending.payload());
        pending.sent();
    }

    private void write(Pending.Request request, long cookie, @Nullable Fragment payload) {
        if (batch == null) {
            throw new IllegalStateException("not in a pipeline");
        }
        batch.add(request, cookie, payload);
        if (!receiving) {
            flushSoon();
        }
    }

    /** Schedules one flush for all requests of this iteration of the event loop. */
    private void flushSoon() {
        if (!flushComing) {
            flushComing = true;
            ctx().executor().execute(() -> {
                flushComing = false;
                flush();
            });
        }
    }

    private void flush() {
        if (batch != null && batch.isUnflushed()) {
            batch.flush();
        }
    }

    @Override
    public @Nullable Pending find(long cookie) {
        return inFlight.find(cookie);
    }

    @Override
    public void finish(Pending request) throws NbdException {
        inFlight.remove(request);
        inFlightBytes -= request.payloadBytes();
        try {
            request.finish();
        } catch (NbdException e) {
            request.fail(e.during(name));
            throw e;
        }
        sendWaiting();
    }

    @Override
    public boolean isOpen() {
        return ended == null;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        ByteBuf in = (ByteBuf) message;
        int bytes = in.readableBytes();
        receivedNanos = System.nanoTime();
        receiving = true;
        try {
            decoder.decode(in);
        } catch (NbdException e) {
            end(e);
        } finally {
            receiving = false;
            in.release();
        }
        if (bytes >= MUCH_BYTES) {
            flush();
        }
    }

    /** Returns the time at which the last receive returned, on the clock of {@link System#nanoTime}. */
    long receivedNanos() {
        return receivedNanos;
    }

    /** Flushes at once the requests that replies have triggered. */
    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        flush();
        context.fireChannelReadComplete();
    }

    /**
     * Accepts no more requests, sends NBD_CMD_DISC when all accepted requests have ended, and then waits for the server to close the
     * connection.
     */
    void disconnect() {
        if (!leaving) {
            leaving = true;
            sendWaiting();
        }
    }

    private void sayGoodbye() {
        write(new Pending.Request(NbdCommand.DISC, 0, 0, 0), inFlight.unusedCookie(), null);
        ctx().executor()
                .schedule(
                        () -> end(NbdException.lost("the server did not hang up after NBD_CMD_DISC", null)),
                        limits.closeTimeoutMs(),
                        TimeUnit.MILLISECONDS);
    }

    /** Closes the connection at once; every request in flight or waiting fails with {@code why}. */
    void end(NbdException why) {
        if (ended != null) {
            return;
        }
        int requests = inFlight.size() + waiting.size();
        NbdException told = why.during(
                name + ": the connection is closed, other connections are unharmed; failedRequests=" + requests);
        ended = told;
        ctx().close();
        List<Pending> failing = inFlight.removeAll();
        failing.addAll(waiting);
        waiting.clear();
        inFlightBytes = 0;
        failing.forEach(request -> request.fail(told));
        List<CompletableFuture<@Nullable Void>> roomless = List.copyOf(wantRoom);
        wantRoom.clear();
        roomless.forEach(future -> future.complete(null));
        closed.complete(null);
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        end(NbdException.lost("the server hung up" + (decoder.isInReply() ? " in the middle of a reply" : ""), null));
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        end(NbdException.lost(TlsFailure.describe(cause, TlsFailure.Peer.SERVER), cause));
    }
}
