package org.kiobd.nbd.client;

import io.netty.channel.Channel;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.nio.NioDomainSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.uring.IoUringDomainSocketChannel;
import io.netty.channel.uring.IoUringSocketChannel;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import org.kiobd.volume.loop.IoEngine;

/** Chooses the channel class and the address class for each I/O engine. Stateless. */
final class ClientTransports {
    private ClientTransports() {}

    static Class<? extends Channel> tcp(IoEngine engine) {
        return switch (engine) {
            case IO_URING -> IoUringSocketChannel.class;
            case EPOLL -> EpollSocketChannel.class;
            case NIO -> NioSocketChannel.class;
        };
    }

    static Class<? extends Channel> unix(IoEngine engine) {
        return switch (engine) {
            case IO_URING -> IoUringDomainSocketChannel.class;
            case EPOLL -> EpollDomainSocketChannel.class;
            case NIO -> NioDomainSocketChannel.class;
        };
    }

    static SocketAddress unixAddress(IoEngine engine, Path path) {
        return engine == IoEngine.NIO ? UnixDomainSocketAddress.of(path) : new DomainSocketAddress(path.toFile());
    }
}
