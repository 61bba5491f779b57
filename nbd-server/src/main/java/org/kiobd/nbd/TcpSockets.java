package org.kiobd.nbd;

import io.netty.channel.Channel;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;

/**
 * Binds the addresses of a host, each with a socket of the address's family. 0.0.0.0 is all of IPv4 and nothing of IPv6; [::] is all of
 * IPv6 and, as the kernel handles it, of IPv4. Stateless.
 */
final class TcpSockets {
    /** Attempts to find a port that is free on all addresses: a port that is free on one may be in use on the next. */
    private static final int ATTEMPTS = 20;

    private TcpSockets() {}

    /** Binds a server channel to one address. */
    @FunctionalInterface
    interface Binding {
        Channel bind(InetSocketAddress address) throws BlockIoException;
    }

    /**
     * Binds all addresses of {@code host} that this machine has, on one port; if one fails, none.
     *
     * @param port TCP port; 0 for any free port
     * @throws BlockIoException with a message of one line
     */
    static List<Channel> bind(String host, int port, Binding binding) throws BlockIoException {
        List<InetAddress> addresses = addresses(host, port);
        for (int attempt = 1; ; attempt++) {
            List<Channel> bound = new ArrayList<>();
            try {
                bindAll(addresses, port, binding, bound);
                return bound;
            } catch (BlockIoException e) {
                bound.forEach(channel -> channel.close().awaitUninterruptibly());
                if (port != 0 || bound.isEmpty() || attempt == ATTEMPTS) {
                    throw e;
                }
            }
        }
    }

    private static void bindAll(List<InetAddress> addresses, int port, Binding binding, List<Channel> bound)
            throws BlockIoException {
        BlockIoException absent = null;
        for (InetAddress address : addresses) {
            int chosen =
                    bound.isEmpty() ? port : ((InetSocketAddress) bound.get(0).localAddress()).getPort();
            try {
                bound.add(binding.bind(new InetSocketAddress(address, chosen)));
            } catch (BlockIoException e) {
                if (!isAbsent(e)) {
                    throw e;
                }
                absent = e;
            }
        }
        if (bound.isEmpty() && absent != null) {
            throw absent;
        }
    }

    /**
     * Returns whether this machine does not have the address. A name may resolve to such an address, e.g. localhost to ::1 without IPv6.
     */
    private static boolean isAbsent(BlockIoException failure) {
        String text = String.valueOf(failure.getMessage());
        return text.contains("Cannot assign requested address") || text.contains("Address family not supported");
    }

    private static List<InetAddress> addresses(String host, int port) throws BlockIoException {
        try {
            return List.of(InetAddress.getAllByName(host)).stream().distinct().toList();
        } catch (UnknownHostException e) {
            throw new BlockIoException(
                    IoError.INVALID, "cannot listen on " + host + ":" + port + ": unknown host; give an address", e);
        }
    }
}
