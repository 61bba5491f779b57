package org.kiobd.nbd;

import io.netty.channel.ChannelFactory;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.socket.SocketProtocolFamily;
import io.netty.channel.socket.nio.NioServerDomainSocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.uring.IoUringServerDomainSocketChannel;
import io.netty.channel.uring.IoUringServerSocketChannel;
import io.netty.channel.uring.Ipv4IoUringServerSocketChannel;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.spi.SelectorProvider;
import java.nio.file.Path;
import org.kiobd.volume.loop.IoEngine;

/** The classes of listening channels for each engine. Stateless. */
final class Transports {
    private Transports() {}

    /**
     * Returns a factory of TCP server channels. An IPv4 address needs an IPv4 socket: an IPv6 socket bound to 0.0.0.0 would listen on [::].
     */
    static ChannelFactory<? extends ServerChannel> tcp(IoEngine engine, InetAddress address) {
        boolean v4 = address instanceof Inet4Address;
        SocketProtocolFamily family = v4 ? SocketProtocolFamily.INET : SocketProtocolFamily.INET6;
        return switch (engine) {
            case IO_URING -> v4 ? Ipv4IoUringServerSocketChannel::new : IoUringServerSocketChannel::new;
            case EPOLL -> () -> new EpollServerSocketChannel(family);
            case NIO -> () -> new NioServerSocketChannel(SelectorProvider.provider(), family);
        };
    }

    static ChannelFactory<? extends ServerChannel> unix(IoEngine engine) {
        return switch (engine) {
            case IO_URING -> IoUringServerDomainSocketChannel::new;
            case EPOLL -> EpollServerDomainSocketChannel::new;
            case NIO -> NioServerDomainSocketChannel::new;
        };
    }

    static SocketAddress unixAddress(IoEngine engine, Path path) {
        return engine == IoEngine.NIO ? UnixDomainSocketAddress.of(path) : new DomainSocketAddress(path.toFile());
    }
}
