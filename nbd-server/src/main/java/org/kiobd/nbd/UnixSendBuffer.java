package org.kiobd.nbd;

import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelOption;
import io.netty.channel.unix.DomainSocketChannel;
import io.netty.channel.unix.IntegerUnixChannelOption;
import java.net.UnixDomainSocketAddress;

/**
 * What a unix socket holds for a reader who is not there yet. Linux gives it 208 KiB, little more than one large request, and unlike TCP's
 * it does not grow: writer and reader then wait for each other, and are woken, once a request. Stateless; any thread.
 */
public final class UnixSendBuffer {
    /** Holds some large requests; the kernel doubles it, for what it needs to manage them. Only taken up while the reader is behind. */
    static final int BYTES = 1 << 20;

    private static final int SOL_SOCKET = 1;

    /** As SO_SNDBUF, beyond net.core.wmem_max: for who has CAP_NET_ADMIN. */
    private static final ChannelOption<Integer> SO_SNDBUFFORCE =
            new IntegerUnixChannelOption("SO_SNDBUFFORCE", SOL_SOCKET, 32);

    private UnixSendBuffer() {}

    /** Widens that of {@code channel}, as far as the kernel lets it; does nothing to one that is no unix socket. */
    public static void widen(Channel channel) {
        if (!isUnix(channel)) {
            return;
        }
        try {
            if (channel.config().setOption(SO_SNDBUFFORCE, BYTES)) {
                return;
            }
        } catch (ChannelException e) {
            // Not permitted: what everybody may have, then.
        }
        channel.config().setOption(ChannelOption.SO_SNDBUF, BYTES);
    }

    private static boolean isUnix(Channel channel) {
        return channel instanceof DomainSocketChannel || channel.localAddress() instanceof UnixDomainSocketAddress;
    }
}
