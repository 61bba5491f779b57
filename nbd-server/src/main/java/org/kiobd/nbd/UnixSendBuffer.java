package org.kiobd.nbd;

import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelOption;
import io.netty.channel.unix.DomainSocketChannel;
import io.netty.channel.unix.IntegerUnixChannelOption;
import java.net.UnixDomainSocketAddress;

/**
 * Enlarges the send buffer of a unix socket, which holds data until the peer reads it. The default on Linux is 208 KiB, little more than
 * one large request, and unlike the buffer of TCP it does not grow: writer and reader then wait for each other, and are woken, once per
 * request. Stateless; any thread.
 */
public final class UnixSendBuffer {
    /**
     * Room for several large requests; the kernel doubles the value for its own overhead. The memory is used only while the reader lags
     * behind.
     */
    static final int BYTES = 1 << 20;

    private static final int SOL_SOCKET = 1;

    /** Like SO_SNDBUF, but may exceed net.core.wmem_max; requires CAP_NET_ADMIN. */
    private static final ChannelOption<Integer> SO_SNDBUFFORCE =
            new IntegerUnixChannelOption("SO_SNDBUFFORCE", SOL_SOCKET, 32);

    private UnixSendBuffer() {}

    /** Enlarges the send buffer of {@code channel} as far as the kernel permits; does nothing if the channel is not a unix socket. */
    public static void widen(Channel channel) {
        if (!isUnix(channel)) {
            return;
        }
        try {
            if (channel.config().setOption(SO_SNDBUFFORCE, BYTES)) {
                return;
            }
        } catch (ChannelException e) {
            // Not permitted: use the option that everybody may set.
        }
        channel.config().setOption(ChannelOption.SO_SNDBUF, BYTES);
    }

    private static boolean isUnix(Channel channel) {
        return channel instanceof DomainSocketChannel || channel.localAddress() instanceof UnixDomainSocketAddress;
    }
}
