package org.kiobd.nbd.client;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.handler.ssl.SslHandler;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.kiobd.nbd.UnixSendBuffer;
import org.kiobd.nbd.protocol.NbdErrno;
import org.kiobd.nbd.tls.Security;
import org.kiobd.nbd.tls.TlsFailure;
import org.kiobd.volume.loop.IoLoops;

/**
 * Makes connections to one server, on the event loops of any I/O engine, over TCP or a unix socket, with or without TLS. Each method makes
 * one connection: {@link #connect} keeps it and returns it owned, the other methods make one query and close it. Any thread; futures
 * complete on an event loop, or on a thread of the common pool if the host cannot be resolved, and fail with an {@link NbdException}.
 */
@SuppressWarnings("FutureReturnValueIgnored") // the callbacks complete another future, which reports failures
public final class NbdConnector {
    private final IoLoops loops;
    private final NbdUri uri;
    private final NbdClientOptions options;
    private final ClientTls tls = new ClientTls();

    /** Borrows {@code loops}, which must outlive the connections. */
    public NbdConnector(IoLoops loops, NbdUri uri, NbdClientOptions options) {
        this.loops = loops;
        this.uri = uri;
        this.options = options;
    }

    NbdUri uri() {
        return uri;
    }

    /** Connects to the export for transmission. The client is returned owned. */
    public CompletableFuture<NbdClient> connect() {
        return negotiate((negotiator, dialled) -> negotiator.enter().thenApply(dialled::transmit));
    }

    /** Returns the exports that the server lists. */
    public CompletableFuture<List<ListedExport>> list() {
        return negotiate((negotiator, dialled) -> negotiator.list().thenApply(dialled::leave));
    }

    /** Returns the description of the export, without connecting to it for transmission. */
    public CompletableFuture<ExportInfo> info() {
        return negotiate((negotiator, dialled) -> negotiator.info().thenApply(dialled::leave));
    }

    /** Returns the names of the meta contexts of the export that match {@code queries}; without queries, all names. */
    public CompletableFuture<List<String>> metaContexts(List<String> queries) {
        return negotiate(
                (negotiator, dialled) -> negotiator.metaContexts(queries).thenApply(dialled::leave));
    }

    private interface Conversation<T> {
        CompletableFuture<T> hold(Negotiator negotiator, Dialled dialled);
    }

    private <T> CompletableFuture<T> negotiate(Conversation<T> conversation) {
        CompletableFuture<T> result = new CompletableFuture<>();
        CompletableFuture.supplyAsync(this::addresses)
                .thenCompose(addresses -> dial(addresses, 0, null))
                .whenComplete((dialled, failure) -> {
                    if (failure != null) {
                        result.completeExceptionally(NbdException.of(failure));
                    } else {
                        dialled.channel.eventLoop().execute(() -> dialled.converse(conversation, result));
                    }
                });
        return result;
    }

    /** Resolves the host name. The resolver blocks, so this must not run on an event loop. */
    private List<SocketAddress> addresses() {
        Path socket = uri.socket();
        if (socket != null) {
            return List.of(ClientTransports.unixAddress(loops.engine(), socket));
        }
        try {
            List<SocketAddress> addresses = new ArrayList<>();
            for (InetAddress address : InetAddress.getAllByName(uri.host())) {
                addresses.add(new InetSocketAddress(address, uri.port()));
            }
            return addresses;
        } catch (UnknownHostException e) {
            throw new CompletionException(NbdException.lost(uri + ": no such host: host=" + uri.host(), e));
        }
    }

    /** Connects to the first address that accepts the connection. */
    private CompletableFuture<Dialled> dial(List<SocketAddress> addresses, int index, @Nullable Throwable last) {
        if (index == addresses.size()) {
            return CompletableFuture.failedFuture(
                    NbdException.lost(uri + " cannot be reached: " + why(uri.socket(), last), last));
        }
        OptionChannel wire = new OptionChannel();
        boolean unix = uri.socket() != null;
        Bootstrap bootstrap = new Bootstrap()
                .group(loops.group())
                .channel(unix ? ClientTransports.unix(loops.engine()) : ClientTransports.tcp(loops.engine()))
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, options.connectTimeoutMs())
                .option(ChannelOption.RECVBUF_ALLOCATOR, new LoopReceiveBuffers())
                .handler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline().addLast("options", wire);
                    }
                });
        if (!unix) {
            bootstrap.option(ChannelOption.TCP_NODELAY, true).option(ChannelOption.SO_KEEPALIVE, true);
        }
        CompletableFuture<Dialled> result = new CompletableFuture<>();
        ChannelFuture connecting = bootstrap.connect(addresses.get(index));
        connecting.addListener(done -> {
            if (done.isSuccess()) {
                UnixSendBuffer.widen(connecting.channel());
                result.complete(new Dialled(connecting.channel(), wire));
            } else {
                dial(addresses, index + 1, done.cause()).whenComplete((other, failure) -> {
                    if (failure != null) {
                        result.completeExceptionally(failure);
                    } else {
                        result.complete(other);
                    }
                });
            }
        });
        return result;
    }

    /** Returns the reason for a failure. Some Netty exceptions have no message. */
    private static String why(@Nullable Path socket, @Nullable Throwable failure) {
        if (socket != null && Files.notExists(socket)) {
            return "there is no socket=" + socket;
        }
        if (failure == null) {
            return "the name has no address";
        }
        return failure.getMessage() != null
                ? failure.getMessage()
                : failure.getClass().getSimpleName();
    }

    /** A connection during its handshake. Confined to its event loop. */
    private final class Dialled {
        private final Channel channel;
        private final OptionChannel wire;

        Dialled(Channel channel, OptionChannel wire) {
            this.channel = channel;
            this.wire = wire;
        }

        <T> void converse(Conversation<T> conversation, CompletableFuture<T> result) {
            var timeout = channel.eventLoop()
                    .schedule(
                            () -> wire.fail(NbdException.lost(
                                    "the handshake took longer than timeoutMs=" + options.handshakeTimeoutMs(), null)),
                            options.handshakeTimeoutMs(),
                            TimeUnit.MILLISECONDS);
            Negotiator negotiator = new Negotiator(wire, uri, options, this::startTls);
            conversation.hold(negotiator, this).whenComplete((made, failure) -> {
                timeout.cancel(false);
                if (failure != null) {
                    channel.close();
                    result.completeExceptionally(NbdException.of(failure).during(uri.toString()));
                } else {
                    if (!result.complete(made)) {
                        // The caller has canceled the future.
                        channel.close();
                    }
                }
            });
        }

        private CompletableFuture<Security> startTls() {
            CompletableFuture<Security> result = new CompletableFuture<>();
            SslHandler handler;
            try {
                handler = tls.context(uri).newHandler(channel.alloc(), uri.certificateName(), uri.port());
            } catch (IOException e) {
                return CompletableFuture.failedFuture(
                        NbdException.refused(NbdErrno.NBD_EINVAL, String.valueOf(e.getMessage())));
            }
            handler.setHandshakeTimeoutMillis(options.handshakeTimeoutMs());
            channel.pipeline().addFirst("tls", handler);
            handler.handshakeFuture().addListener(done -> {
                if (done.isSuccess()) {
                    result.complete(Security.of(handler.engine().getSession()));
                } else {
                    result.completeExceptionally(NbdException.lost(
                            "no TLS: " + TlsFailure.describe(done.cause(), TlsFailure.Peer.SERVER), done.cause()));
                }
            });
            return result;
        }

        /** Ends the handshake and starts the transmission phase: all further input consists of replies. */
        NbdClient transmit(Negotiated negotiated) {
            ClientConnection connection = new ClientConnection(uri.toString(), negotiated.style(), options);
            ByteBuf early = wire.unread();
            channel.pipeline().replace(wire, "requests", connection);
            // No request has been sent, so any early byte is an error; the connection reports it.
            connection.channelRead(channel.pipeline().lastContext(), early);
            return new NbdClient(channel, connection, negotiated, options);
        }

        <T> T leave(T answer) {
            channel.close();
            return answer;
        }
    }
}
