package org.kiobd.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.kiobd.nbd.testkit.MemoryDevice;
import org.kiobd.nbd.testkit.RunningServer;
import org.kiobd.volume.loop.IoEngine;

final class UnixSendBufferTest {
    private final RunningServer running =
            new RunningServer(IoEngine.EPOLL, 1, new MemoryDevice(4096), NbdLimits.DEFAULT);
    private final MultiThreadIoEventLoopGroup group = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());

    UnixSendBufferTest() throws IOException {}

    @AfterEach
    void close() throws IOException {
        group.shutdownGracefully(0, 5, TimeUnit.SECONDS).awaitUninterruptibly();
        running.close();
    }

    private Bootstrap bootstrap() {
        return new Bootstrap().group(group).handler(new ChannelInboundHandlerAdapter());
    }

    @Test
    void thatOfAUnixSocketHoldsMoreThanTheKernelGivesIt() {
        String path = running.unix().getQuery().replaceFirst("^socket=", "");
        Channel channel = bootstrap()
                .channel(EpollDomainSocketChannel.class)
                .connect(new DomainSocketAddress(Path.of(path).toFile()))
                .syncUninterruptibly()
                .channel();
        int before = channel.config().getOption(ChannelOption.SO_SNDBUF);
        UnixSendBuffer.widen(channel);
        assertThat(channel.config().getOption(ChannelOption.SO_SNDBUF)).isGreaterThanOrEqualTo(2 * before);
    }

    @Test
    void thatOfTcpIsLeftToGrowByItself() {
        Channel channel = bootstrap()
                .channel(EpollSocketChannel.class)
                .connect(new InetSocketAddress(
                        running.tcp().getHost(), running.tcp().getPort()))
                .syncUninterruptibly()
                .channel();
        int before = channel.config().getOption(ChannelOption.SO_SNDBUF);
        UnixSendBuffer.widen(channel);
        assertThat(channel.config().getOption(ChannelOption.SO_SNDBUF)).isEqualTo(before);
    }
}
