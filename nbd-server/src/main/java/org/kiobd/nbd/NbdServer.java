package org.kiobd.nbd;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFactory;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.ServerChannel;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.socket.SocketChannel;
import io.netty.util.NetUtil;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.kiobd.nbd.handshake.HandshakeHandler;
import org.kiobd.nbd.tls.TlsMode;
import org.kiobd.nbd.tls.TlsPolicy;
import org.kiobd.nbd.transmission.ReceiveBuffers;
import org.kiobd.nbd.transmission.TransmissionHandler;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;
import org.kiobd.volume.kiobuf.PagePool;
import org.kiobd.volume.loop.IoEngine;
import org.kiobd.volume.loop.IoLoops;
import org.kiobd.volume.loop.UnixSocketFile;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves the exports of a registry on any number of TCP and unix sockets. Borrows loops, exports and pool. Close the server first, then the
 * devices, then the loops. A client can harm its own connection only. Any thread except the loops.
 */
public final class NbdServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(NbdServer.class);
    private static final int BACKLOG = 1024;

    private static final WriteBufferWaterMark WATER_MARK = new WriteBufferWaterMark(32 << 10, 64 << 10);

    private final IoLoops loops;
    private final ExportRegistry exports;
    private final PagePool pool;
    private final NbdLimits limits;
    private final TlsPolicy tls;

    private final ChannelGroup connections = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
    /** Connections in the transmission phase. A connection stays here after its socket is closed, until no request of it is in flight. */
    private final Set<ServedConnection> serving = ConcurrentHashMap.newKeySet();

    private final List<Listener> listeners = new ArrayList<>();
    private final AtomicLong connectionNumbers = new AtomicLong();
    private final Admission admission;
    private boolean closed;

    /** Creates a server without TLS. */
    public NbdServer(IoLoops loops, ExportRegistry exports, PagePool pool, NbdLimits limits) {
        this(loops, exports, pool, limits, TlsPolicy.OFF);
    }

    /**
     * Creates a server.
     *
     * @param tls which clients are admitted, and how
     */
    public NbdServer(IoLoops loops, ExportRegistry exports, PagePool pool, NbdLimits limits, TlsPolicy tls) {
        if (pool.capacityBytes() < limits.minPoolBytes() || pool.shareBytes() < NbdLimits.MIN_SHARE_BYTES) {
            throw new IllegalArgumentException(
                    "the pool is too small: capacityBytes=" + pool.capacityBytes() + " shareBytes=" + pool.shareBytes()
                            + "; maxConnections=" + limits.maxConnections() + " needs capacityBytes="
                            + limits.minPoolBytes() + " and shareBytes=" + NbdLimits.MIN_SHARE_BYTES);
        }
        this.loops = loops;
        this.exports = exports;
        this.pool = pool;
        this.limits = limits;
        this.tls = tls;
        this.admission = new Admission(limits);
    }

    /**
     * Listens on TCP, on every address that {@code host} resolves to, and on no other: 0.0.0.0 is IPv4 only, [::] is IPv6 and IPv4.
     *
     * @param port TCP port; 0 for any free port, which {@link Listener#port} returns
     * @throws BlockIoException with a message of one line, if an address cannot be bound
     */
    public Listener listenTcp(String host, int port) throws BlockIoException {
        List<Channel> channels = TcpSockets.bind(host, port, this::bindTcp);
        return add(Listener.tcp(channels, host, tls.mode() == TlsMode.REQUIRE));
    }

    private Channel bindTcp(InetSocketAddress address) throws BlockIoException {
        ServerBootstrap bootstrap = tcpOptions(bootstrap(Transports.tcp(loops.engine(), address.getAddress())))
                .option(ChannelOption.SO_REUSEADDR, true);
        return bind(bootstrap, address, NetUtil.toSocketAddressString(address));
    }

    /**
     * Listens on a unix socket. Replaces a socket file on which nobody listens.
     *
     * @throws BlockIoException with a message of one line, if the path cannot be bound; an existing file is left untouched
     */
    public Listener listenUnix(Path path) throws BlockIoException {
        UnixSocketFile file = new UnixSocketFile(path);
        file.clear();
        ServerBootstrap bootstrap = bootstrap(Transports.unix(loops.engine()));
        Channel channel = bind(bootstrap, Transports.unixAddress(loops.engine(), file.path()), "unix=" + file.path());
        file.bound();
        return add(Listener.unix(channel, file, file.path(), tls.mode() == TlsMode.REQUIRE));
    }

    /**
     * Listens on a socket that this process has inherited and that listens already: socket activation. Needs the epoll engine.
     *
     * @param fd descriptor of the socket; the server takes it
     * @throws BlockIoException with a message of one line, if {@code fd} is not such a socket
     */
    public Listener listenInherited(int fd) throws BlockIoException {
        InheritedSocket socket = inherited(fd);
        if (!socket.isListening()) {
            throw new BlockIoException(
                    IoError.INVALID, "fd=" + fd + " is a socket that does not listen; nothing is served");
        }
        ServerBootstrap bootstrap = childOptions(new ServerBootstrap()
                .group(loops.group())
                // The channel is active at once, but must not accept clients before it has a handler for them.
                .option(ChannelOption.AUTO_READ, false)
                .channelFactory(() ->
                        socket.isUnix() ? new EpollServerDomainSocketChannel(fd) : new EpollServerSocketChannel(fd)));
        if (!socket.isUnix()) {
            tcpOptions(bootstrap);
        }
        ChannelFuture registered = bootstrap.register().awaitUninterruptibly();
        if (registered.cause() != null) {
            throw new BlockIoException(
                    IoError.IO,
                    "cannot listen on fd=" + fd + ": " + registered.cause().getMessage(),
                    registered.cause());
        }
        Channel channel = registered.channel();
        watch(channel, "fd=" + fd);
        channel.eventLoop().execute(() -> channel.config().setAutoRead(true));
        boolean tlsOnly = tls.mode() == TlsMode.REQUIRE;
        return add(
                channel.localAddress() instanceof InetSocketAddress tcp
                        ? Listener.tcp(List.of(channel), NetUtil.toAddressString(tcp.getAddress()), tlsOnly)
                        : Listener.unix(channel, null, socket.path(), tlsOnly));
    }

    /**
     * Serves one client on a socket that this process has inherited and that is connected already. Needs the epoll engine.
     *
     * @param fd descriptor of the socket; the server takes it
     * @return a stage that completes when the connection is closed; accepted requests may be in flight until {@link #close} returns
     * @throws BlockIoException with a message of one line, if {@code fd} is not such a socket
     */
    public CompletionStage<@Nullable Void> serveInherited(int fd) throws BlockIoException {
        InheritedSocket socket = inherited(fd);
        if (socket.isListening()) {
            throw new BlockIoException(IoError.INVALID, "fd=" + fd + " is a socket that listens; nothing is served");
        }
        Channel channel = socket.isUnix() ? new EpollDomainSocketChannel(fd) : new EpollSocketChannel(fd);
        channel.config().setAllocator(pool.allocator()).setAutoRead(false).setWriteBufferWaterMark(WATER_MARK);
        if (channel instanceof SocketChannel tcp) {
            tcp.config().setTcpNoDelay(true).setKeepAlive(true);
        }
        channel.pipeline().addLast(initializer());
        CompletableFuture<@Nullable Void> ended = new CompletableFuture<>();
        channel.closeFuture().addListener(closed -> ended.complete(null));
        ChannelFuture registered = loops.group().register(channel).awaitUninterruptibly();
        if (registered.cause() != null) {
            channel.close().awaitUninterruptibly();
            throw new BlockIoException(
                    IoError.IO,
                    "cannot serve fd=" + fd + ": " + registered.cause().getMessage(),
                    registered.cause());
        }
        return ended;
    }

    private InheritedSocket inherited(int fd) throws BlockIoException {
        if (loops.engine() != IoEngine.EPOLL) {
            throw new BlockIoException(
                    IoError.NOT_SUPPORTED,
                    "engine=" + loops.engine()
                            + " takes no socket from outside; nothing is served; --engine epoll does");
        }
        return InheritedSocket.of(fd);
    }

    private ServerBootstrap bootstrap(ChannelFactory<? extends ServerChannel> channels) {
        return childOptions(new ServerBootstrap()
                .group(loops.group())
                .channelFactory(channels)
                .option(ChannelOption.SO_BACKLOG, BACKLOG));
    }

    /** Sets TCP_NODELAY, and SO_KEEPALIVE to detect clients whose machine has vanished. */
    private static ServerBootstrap tcpOptions(ServerBootstrap bootstrap) {
        return bootstrap.childOption(ChannelOption.TCP_NODELAY, true).childOption(ChannelOption.SO_KEEPALIVE, true);
    }

    private ServerBootstrap childOptions(ServerBootstrap bootstrap) {
        return bootstrap
                .childOption(ChannelOption.ALLOCATOR, pool.allocator())
                // Each read is requested explicitly: while the pool is full or the client busy, data stays in the
                // socket.
                .childOption(ChannelOption.AUTO_READ, false)
                .childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, WATER_MARK)
                .childHandler(initializer());
    }

    private ChannelInitializer<Channel> initializer() {
        return new ChannelInitializer<>() {
            @Override
            protected void initChannel(Channel channel) {
                accept(channel);
            }
        };
    }

    private static Channel bind(ServerBootstrap bootstrap, SocketAddress address, String where)
            throws BlockIoException {
        ChannelFuture bound = bootstrap.bind(address).awaitUninterruptibly();
        Throwable cause = bound.cause();
        if (cause != null) {
            throw new BlockIoException(
                    IoError.IO,
                    "cannot listen on " + where + ": " + cause.getMessage()
                            + "; stop who listens there or choose another",
                    cause);
        }
        watch(bound.channel(), where);
        return bound.channel();
    }

    /** Adds {@link AcceptTroubles} after Netty's own handler, which stops accepting for one second after a failure and then goes on. */
    private static void watch(Channel listening, String where) {
        listening.pipeline().addLast("troubles", new AcceptTroubles(where));
    }

    private synchronized Listener add(Listener listener) throws BlockIoException {
        if (closed) {
            listener.close();
            throw new BlockIoException(IoError.INVALID, "cannot listen on " + listener + ": the server is closed");
        }
        listeners.add(listener);
        return listener;
    }

    private void accept(Channel channel) {
        SocketAddress peer = channel.remoteAddress();
        String limit = admission.enter(peer);
        if (limit != null) {
            refuse(channel, limit);
            return;
        }
        channel.closeFuture().addListener(future -> admission.leave(peer));
        connections.add(channel);
        String name = "connection=" + connectionNumbers.incrementAndGet() + " peer=" + name(peer);
        ConnectionContext context =
                new ConnectionContext(name, name(peer), loops.of(channel.eventLoop()), pool, limits);
        UnixSendBuffer.widen(channel);
        ReceiveBuffers receiveBuffers = new ReceiveBuffers(limits);
        channel.config().setRecvByteBufAllocator(receiveBuffers);
        channel.pipeline()
                .addLast(
                        "handshake",
                        new HandshakeHandler(
                                limits,
                                exports,
                                tls,
                                session -> serve(new TransmissionHandler(context, session, receiveBuffers)),
                                name));
    }

    /** Closes a connection beyond the limits; tells its client the reason before that, unless many others are being told. */
    private void refuse(Channel channel, String limit) {
        String peer = name(channel.remoteAddress());
        if (admission.refusals().logs(limit, System.nanoTime())) {
            LOG.warn(
                    "peer={} was refused: {} refusedConnections={}; connected clients are unharmed",
                    peer,
                    limit,
                    admission.refusals().total());
        }
        if (!admission.refusals().beginAnswer()) {
            channel.close().addListener(future -> LOG.debug("peer={} was refused without an answer", peer));
            return;
        }
        channel.closeFuture().addListener(future -> admission.refusals().endAnswer());
        connections.add(channel);
        channel.pipeline()
                .addLast("handshake", HandshakeHandler.refusing("too many connections: " + limit, "peer=" + peer));
    }

    private TransmissionHandler serve(TransmissionHandler connection) {
        serving.add(connection);
        connection.ended().thenRun(() -> serving.remove(connection));
        return connection;
    }

    private static String name(@Nullable SocketAddress peer) {
        return peer instanceof InetSocketAddress tcp ? NetUtil.toSocketAddressString(tcp) : "unix";
    }

    /** Returns the open listeners. */
    public synchronized List<Listener> listeners() {
        return List.copyOf(listeners);
    }

    /** Returns the number of connected clients, including those in the handshake. */
    public int connections() {
        return admission.connected();
    }

    /** Returns the number of clients so far that were refused because of {@link NbdLimits#maxConnections} or its like for an address. */
    public long refusedConnections() {
        return admission.refusals().total();
    }

    /**
     * Shuts the server down in order: accepts no new clients, reads no more data, finishes and answers the accepted requests, and closes
     * the connections. Each wait for connections is bounded by {@link NbdLimits#closeTimeoutMs}; connections that have not ended by then
     * are cut off. The caller closes the devices.
     */
    @Override
    public void close() {
        List<Listener> closing;
        synchronized (this) {
            closed = true;
            closing = List.copyOf(listeners);
            listeners.clear();
        }
        closing.forEach(Listener::close);
        List<CompletableFuture<@Nullable Void>> ending = new ArrayList<>();
        for (ServedConnection connection : serving) {
            connection.shutDown("the server is shutting down");
            ending.add(connection.ended().toCompletableFuture());
        }
        // A client that is still in its handshake has no request to be answered.
        connections
                .close(channel -> channel.pipeline().get(TransmissionHandler.class) == null)
                .awaitUninterruptibly(limits.closeTimeoutMs());
        awaitAll(ending);
        connections.close().awaitUninterruptibly(limits.closeTimeoutMs());
    }

    private void awaitAll(List<CompletableFuture<@Nullable Void>> ending) {
        try {
            CompletableFuture.allOf(ending.toArray(CompletableFuture[]::new))
                    .get(limits.closeTimeoutMs(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            LOG.warn("interrupted while connections ended; they are cut off");
        } catch (ExecutionException | TimeoutException e) {
            LOG.warn("connections did not end within timeoutMs={}; they are cut off", limits.closeTimeoutMs());
        }
    }
}
