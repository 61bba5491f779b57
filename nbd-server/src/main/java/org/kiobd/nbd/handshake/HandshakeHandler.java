package org.kiobd.nbd.handshake;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.ssl.SslCloseCompletionEvent;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.kiobd.nbd.ExportRegistry;
import org.kiobd.nbd.MetaContext;
import org.kiobd.nbd.NbdLimits;
import org.kiobd.nbd.Session;
import org.kiobd.nbd.handshake.OptionHandler.Outcome;
import org.kiobd.nbd.protocol.HandshakeFlags;
import org.kiobd.nbd.protocol.NbdMagic;
import org.kiobd.nbd.protocol.NbdOption;
import org.kiobd.nbd.protocol.NbdRep;
import org.kiobd.nbd.protocol.TransmissionFlags;
import org.kiobd.nbd.tls.Security;
import org.kiobd.nbd.tls.TlsFailure;
import org.kiobd.nbd.tls.TlsPolicy;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The server's side of the handshake. Decodes the options of the client, whole or byte by byte, buffers at most one option of bounded
 * length, sends the replies, and replaces itself with the transmission handler when the client has chosen an export. On an error it sends
 * an error reply where the specification has one, and otherwise closes the connection. One instance per connection, confined to its event
 * loop.
 */
@SuppressWarnings("FutureReturnValueIgnored") // a failed write or close closes the channel, which this handler sees
public final class HandshakeHandler extends ChannelInboundHandlerAdapter {
    private static final Logger LOG = LoggerFactory.getLogger(HandshakeHandler.class);

    /** Limits of a refused client: enough for the few short options before it asks for an export. */
    private static final NbdLimits REFUSAL_LIMITS = NbdLimits.DEFAULT.toBuilder()
            .handshakeTimeoutMs(5_000)
            .options(8 << 10, 16)
            .build();

    private final NbdLimits limits;
    private final Negotiation negotiation;
    private final Function<Session, ChannelHandler> transmission;
    private final String connection;

    private HandshakeState state = HandshakeState.CLIENT_FLAGS;
    private @Nullable ByteBuf received;
    private int optionNumber;
    private int optionBytes;
    private int options;
    private @Nullable Future<?> timeout;

    /**
     * @param tls the TLS mode, and the clients that may use each export
     * @param connection name of the connection in the log
     * @param transmission makes the handler for the transmission phase of the negotiated session
     */
    public HandshakeHandler(
            NbdLimits limits,
            ExportRegistry exports,
            TlsPolicy tls,
            Function<Session, ChannelHandler> transmission,
            String connection) {
        this(limits, new Negotiation(exports, tls), transmission, connection);
    }

    private HandshakeHandler(
            NbdLimits limits,
            Negotiation negotiation,
            Function<Session, ChannelHandler> transmission,
            String connection) {
        this.limits = limits;
        this.negotiation = negotiation;
        this.transmission = transmission;
        this.connection = connection;
    }

    /**
     * Returns a handler for a client that the server cannot take. The handshake is the place for such an error: the client gets
     * NBD_REP_ERR_POLICY to every option, until it leaves or its time is over. Starts no TLS, and needs at most a few KiB.
     *
     * @param reason text for the client
     * @param connection name of the connection in the log
     */
    public static HandshakeHandler refusing(String reason, String connection) {
        Negotiation refusal = Negotiation.refusing(reason);
        return new HandshakeHandler(
                REFUSAL_LIMITS,
                refusal,
                session -> {
                    throw new IllegalStateException("a refused client has a session: " + session);
                },
                connection);
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        ByteBuf greeting = ctx.alloc().directBuffer(NbdMagic.GREETING_BYTES);
        new OptionReplies(greeting)
                .greeting(HandshakeFlags.NBD_FLAG_FIXED_NEWSTYLE | HandshakeFlags.NBD_FLAG_NO_ZEROES);
        ctx.writeAndFlush(greeting);
        timeout = ctx.executor().schedule(() -> timedOut(ctx), limits.handshakeTimeoutMs(), TimeUnit.MILLISECONDS);
        ctx.read();
    }

    private void timedOut(ChannelHandlerContext ctx) {
        end("handshake took longer than timeoutMs=" + limits.handshakeTimeoutMs());
        // Does not wait for the replies to be sent: a client that does not read them would keep the connection open.
        ctx.close();
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        ByteBuf bytes = (ByteBuf) message;
        if (!state.isOpen()) {
            bytes.release();
            return;
        }
        if (received == null) {
            received = bytes;
        } else {
            received = append(ctx, received, bytes);
        }
        advance(ctx);
    }

    /**
     * Appends {@code bytes} to {@code waiting}. The copy is small: at most the beginning of one option waits while the channel is writable,
     * and reading pauses while it is not. Takes both, returns owned.
     */
    private static ByteBuf append(ChannelHandlerContext ctx, ByteBuf waiting, ByteBuf bytes) {
        ByteBuf joined = waiting;
        if (waiting.maxWritableBytes() < bytes.readableBytes()) {
            joined = ctx.alloc().directBuffer(waiting.readableBytes() + bytes.readableBytes());
            joined.writeBytes(waiting);
            waiting.release();
        }
        joined.discardSomeReadBytes();
        joined.writeBytes(bytes);
        bytes.release();
        return joined;
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        if (state.isOpen() && ctx.channel().isWritable()) {
            ctx.read();
        }
    }

    /** Resumes reading when the client has read enough replies; until then its requests are not read. */
    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        if (state.isOpen() && ctx.channel().isWritable()) {
            advance(ctx);
            if (state.isOpen()) {
                ctx.read();
            }
        }
    }

    private void advance(ChannelHandlerContext ctx) {
        boolean answered = false;
        while (received != null && state.isOpen() && ctx.channel().isWritable() && step(ctx, received)) {
            answered = true;
        }
        if (answered) {
            ctx.flush();
        }
        if (received != null && !received.isReadable()) {
            received.release();
            received = null;
        }
    }

    /** Handles one message of the client if all its bytes are there; returns whether to go on with the next one. */
    private boolean step(ChannelHandlerContext ctx, ByteBuf bytes) {
        return switch (state) {
            case CLIENT_FLAGS -> bytes.readableBytes() >= NbdMagic.CLIENT_FLAGS_BYTES && clientFlags(ctx, bytes);
            case OPTION_HEADER -> bytes.readableBytes() >= NbdMagic.OPTION_HEADER_BYTES && optionHeader(ctx, bytes);
            case OPTION_DATA -> bytes.readableBytes() >= optionBytes && option(ctx, bytes);
            // In state TLS no bytes arrive: the TLS handler delivers them only after its handshake.
            case TLS, DONE, CLOSED -> false;
        };
    }

    private boolean clientFlags(ChannelHandlerContext ctx, ByteBuf bytes) {
        int flags = bytes.readInt();
        if ((flags & ~HandshakeFlags.CLIENT_KNOWN) != 0 || (flags & HandshakeFlags.NBD_FLAG_C_FIXED_NEWSTYLE) == 0) {
            close(ctx, "client flags are not those of fixed newstyle: flags=0x" + Integer.toHexString(flags));
            return false;
        }
        negotiation.noZeroes((flags & HandshakeFlags.NBD_FLAG_C_NO_ZEROES) != 0);
        become(HandshakeState.OPTION_HEADER);
        return true;
    }

    private boolean optionHeader(ChannelHandlerContext ctx, ByteBuf bytes) {
        long magic = bytes.readLong();
        if (magic != NbdMagic.IHAVEOPT) {
            close(ctx, "bad option magic=0x" + Long.toHexString(magic));
            return false;
        }
        optionNumber = bytes.readInt();
        optionBytes = bytes.readInt();
        if (optionBytes < 0 || optionBytes > limits.maxOptionBytes()) {
            String reason = "option too long: number=" + Integer.toUnsignedString(optionNumber) + " lengthBytes="
                    + Integer.toUnsignedString(optionBytes) + " maximum=" + limits.maxOptionBytes();
            // NBD_OPT_EXPORT_NAME has no error reply: the client would take any answer for an export.
            if (optionNumber != NbdOption.EXPORT_NAME.wire()) {
                ByteBuf out = ctx.alloc().directBuffer();
                new OptionReplies(out).error(optionNumber, NbdRep.ERR_TOO_BIG, reason);
                ctx.write(out);
            }
            close(ctx, reason);
            return false;
        }
        if (++options > limits.maxOptions()) {
            close(ctx, "too many options: maxOptions=" + limits.maxOptions());
            return false;
        }
        become(HandshakeState.OPTION_DATA);
        return true;
    }

    private boolean option(ChannelHandlerContext ctx, ByteBuf bytes) {
        OptionRequest request = new OptionRequest(optionNumber, bytes.readSlice(optionBytes));
        ByteBuf out = ctx.alloc().directBuffer();
        Outcome outcome = Options.handle(request, new OptionReplies(out), negotiation);
        if (outcome == Outcome.START_TLS && bytes.isReadable()) {
            out.release();
            close(ctx, "bytes in plain text after NBD_OPT_STARTTLS: bytes=" + bytes.readableBytes());
            return true;
        }
        ctx.write(out);
        switch (outcome) {
            case START_TLS -> startTls(ctx);
            case CONTINUE -> become(HandshakeState.OPTION_HEADER);
            case CLOSE -> close(ctx, negotiation.closeReason());
            case TRANSMISSION -> giveWay(ctx);
        }
        return true;
    }

    private void startTls(ChannelHandlerContext ctx) {
        SslContext context = negotiation.tls().context();
        if (context == null) {
            throw new IllegalStateException("TLS was acknowledged without a certificate");
        }
        become(HandshakeState.TLS);
        ctx.flush();
        SslHandler handler = context.newHandler(ctx.alloc());
        // The timeout of the NBD handshake covers the TLS handshake as well.
        handler.setHandshakeTimeoutMillis(0);
        ctx.pipeline().addFirst("tls", handler);
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event instanceof SslHandshakeCompletionEvent tls && state == HandshakeState.TLS) {
            if (tls.isSuccess()) {
                SslHandler handler = ctx.pipeline().get(SslHandler.class);
                negotiation.secured(Security.of(handler.engine().getSession()));
                become(HandshakeState.OPTION_HEADER);
            } else {
                tlsFailed(tls.cause());
                ctx.close();
            }
        } else if (event instanceof SslCloseCompletionEvent tlsEnd && tlsEnd.isSuccess()) {
            // Some clients keep the socket open until the server closes its side too.
            end("client went away");
            ctx.close();
        } else {
            ctx.fireUserEventTriggered(event);
        }
    }

    /** Logs a warning: either the certificates of a client are wrong or somebody probes the server. */
    private void tlsFailed(Throwable cause) {
        if (state.isOpen()) {
            become(HandshakeState.CLOSED);
            LOG.warn(
                    "{} was not let in: TLS failed: {}; others are unharmed",
                    connection,
                    TlsFailure.describe(cause, TlsFailure.Peer.CLIENT));
        }
    }

    private void giveWay(ChannelHandlerContext ctx) {
        become(HandshakeState.DONE);
        cancelTimeout();
        Session session = negotiation.chosen();
        if (session == null) {
            throw new IllegalStateException("the handshake ended without an export");
        }
        LOG.info(
                "{} uses {}: headers={} contexts={} tls={} flags={}",
                connection,
                session.export(),
                session.style(),
                MetaContext.names(session.contexts()),
                tlsForLog(),
                TransmissionFlags.toString(session.transmissionFlags()));
        ctx.flush();
        ByteBuf early = received;
        received = null;
        ctx.pipeline().replace(this, "transmission", transmission.apply(session));
        // The client may already have sent requests after the option.
        if (early != null && early.isReadable()) {
            ctx.fireChannelRead(early);
        } else if (early != null) {
            early.release();
        }
    }

    private String tlsForLog() {
        Security security = negotiation.security();
        return security == null ? "no" : security.toString();
    }

    private void become(HandshakeState next) {
        if (!state.mayBecome(next)) {
            throw new IllegalStateException("handshake may not go from " + state + " to " + next);
        }
        state = next;
    }

    /** Closes the connection after the replies are sent. The timeout keeps running, in case the client does not read them. */
    private void close(ChannelHandlerContext ctx, String reason) {
        end(reason);
        ctx.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
    }

    private void end(String reason) {
        if (state.isOpen()) {
            become(HandshakeState.CLOSED);
            if (negotiation.refusal() != null) {
                // The server logs refusals, at most one in 10 s.
                LOG.debug("{} ended in its handshake: {}; it was refused", connection, reason);
            } else if (!negotiation.lockedOut().isEmpty()) {
                LOG.warn("{} was not let in: {}", connection, negotiation.lockedOut());
            } else if (reason.equals(Options.ABORTED) && negotiation.security() == null) {
                // Some clients look at the size every few seconds.
                LOG.debug("{} ended in its handshake: {}", connection, reason);
            } else {
                LOG.info("{} ended in its handshake: {}; tls={}", connection, reason, tlsForLog());
            }
        }
    }

    private void cancelTimeout() {
        if (timeout != null) {
            timeout.cancel(false);
            timeout = null;
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        end("client went away");
        cancelTimeout();
        releaseReceived();
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        cancelTimeout();
        releaseReceived();
    }

    private void releaseReceived() {
        if (received != null) {
            received.release();
            received = null;
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        if (state == HandshakeState.TLS) {
            tlsFailed(cause);
        } else {
            String tlsFailure = TlsFailure.broken(cause);
            end(tlsFailure == null ? cause.toString() : tlsFailure);
        }
        ctx.close();
    }
}
