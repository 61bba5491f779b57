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
 * Binds what a host stands for: each of its addresses, by that address's family. 0.0.0.0 is all of IPv4 and nothing of IPv6; [::] is all
 * of IPv6 and, as the kernel has it, of IPv4. Stateless.
 */
final class TcpSockets {
    /** A free port for one address may be taken for the next. */
    private static final int ATTEMPTS = 20;

    private TcpSockets() {}

    /** Binds a bootstrap that has no channel class yet. */
    @FunctionalInterface
    interface Binding {
        Channel bind(InetSocketAddress address) throws BlockIoException;
    }

    /**
     * Binds all of them or none, on one port.
     *
     * @param port 0 for any that is free
     * @throws BlockIoException in one line
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

    /** A name may stand for an address this machine does not have, e.g. localhost for ::1 where IPv6 is off. */
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
