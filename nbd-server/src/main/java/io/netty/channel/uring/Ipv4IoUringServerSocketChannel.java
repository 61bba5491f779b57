package io.netty.channel.uring;

import io.netty.channel.Channel;
import io.netty.channel.ChannelConfig;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * A server channel that listens on an IPv4 socket with io_uring. {@link IoUringServerSocketChannel} always creates an IPv6 socket if the
 * machine has IPv6, and binds 0.0.0.0 as [::], so that clients reach it over IPv6, too. Owned by its server; confined to its event loop.
 */
public final class Ipv4IoUringServerSocketChannel extends AbstractIoUringServerChannel {
    private static final byte[] NO_ADDRESS = new byte[4];

    private final IoUringServerSocketChannelConfig config;

    public Ipv4IoUringServerSocketChannel() {
        super(LinuxSocket.newSocketStream(false), false);
        this.config = new IoUringServerSocketChannelConfig(this);
    }

    @Override
    public ChannelConfig config() {
        return config;
    }

    @Override
    protected void doBind(SocketAddress local) throws Exception {
        super.doBind(local);
        socket.listen(config.getBacklog());
        active = true;
    }

    @Override
    Channel newChildChannel(int fd, @Nullable ByteBuffer acceptedAddress) {
        LinuxSocket accepted = new LinuxSocket(fd);
        return acceptedAddress == null
                ? new IoUringSocketChannel(this, accepted)
                : new IoUringSocketChannel(this, accepted, peer(acceptedAddress));
    }

    private static InetSocketAddress peer(ByteBuffer acceptedAddress) {
        return SockaddrIn.getIPv4(acceptedAddress, NO_ADDRESS.clone());
    }
}
