package org.kiobd.nbd;

import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.socket.nio.NioServerDomainSocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.uring.IoUringServerDomainSocketChannel;
import io.netty.channel.uring.IoUringServerSocketChannel;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import org.kiobd.volume.loop.IoEngine;

/** Which classes listen on which engine. */
final class Transports {
    private Transports() {}

    static Class<? extends ServerChannel> tcp(IoEngine engine) {
        return switch (engine) {
            case IO_URING -> IoUringServerSocketChannel.class;
            case EPOLL -> EpollServerSocketChannel.class;
            case NIO -> NioServerSocketChannel.class;
        };
    }

    static Class<? extends ServerChannel> unix(IoEngine engine) {
        return switch (engine) {
            case IO_URING -> IoUringServerDomainSocketChannel.class;
            case EPOLL -> EpollServerDomainSocketChannel.class;
            case NIO -> NioServerDomainSocketChannel.class;
        };
    }

    static SocketAddress unixAddress(IoEngine engine, Path path) {
        return engine == IoEngine.NIO ? UnixDomainSocketAddress.of(path) : new DomainSocketAddress(path.toFile());
    }
}
