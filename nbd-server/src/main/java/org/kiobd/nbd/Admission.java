package org.kiobd.nbd;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Counts who is connected, in all and by address, and turns away who is one too many. Any thread. */
final class Admission {
    private final NbdLimits limits;
    private final Map<InetAddress, Integer> byAddress = new HashMap<>();
    private int connected;

    Admission(NbdLimits limits) {
        this.limits = limits;
    }

    /**
     * Lets a client in.
     *
     * @param peer null where it has no address
     * @return null, or why not
     */
    synchronized @Nullable String enter(@Nullable SocketAddress peer) {
        if (connected >= limits.maxConnections()) {
            return "maxConnections=" + limits.maxConnections();
        }
        if (peer instanceof InetSocketAddress tcp) {
            int already = byAddress.getOrDefault(tcp.getAddress(), 0);
            if (already >= limits.maxConnectionsPerClient()) {
                return "maxConnectionsPerClient=" + limits.maxConnectionsPerClient();
            }
            byAddress.put(tcp.getAddress(), already + 1);
        }
        connected++;
        return null;
    }

    /** A client that was let in has gone. */
    synchronized void leave(@Nullable SocketAddress peer) {
        connected--;
        if (peer instanceof InetSocketAddress tcp) {
            byAddress.computeIfPresent(tcp.getAddress(), (address, count) -> count == 1 ? null : count - 1);
        }
    }

    synchronized int connected() {
        return connected;
    }
}
