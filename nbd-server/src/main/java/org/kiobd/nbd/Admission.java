package org.kiobd.nbd;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Counts the connected clients, in total and per address, and refuses clients beyond the limits. Any thread. */
final class Admission {
    private final NbdLimits limits;
    private final Refusals refusals = new Refusals();
    private final Map<InetAddress, Integer> byAddress = new HashMap<>();
    private int connected;

    Admission(NbdLimits limits) {
        this.limits = limits;
    }

    /**
     * Admits a client, or refuses it, and counts it.
     *
     * @param peer address of the client; null if it has none
     * @return null if the client is admitted, else the limit that refuses it
     */
    @Nullable
    String enter(@Nullable SocketAddress peer) {
        String limit = limitReached(peer);
        if (limit != null) {
            refusals.add();
        }
        return limit;
    }

    private synchronized @Nullable String limitReached(@Nullable SocketAddress peer) {
        if (connected >= limits.maxConnections()) {
            return "maxConnections=" + limits.maxConnections();
        }
        if (peer instanceof InetSocketAddress tcp) {
            int already = byAddress.getOrDefault(tcp.getAddress(), 0);
            if (already >= limits.maxConnectionsPerAddress()) {
                return "maxConnectionsPerAddress=" + limits.maxConnectionsPerAddress();
            }
            byAddress.put(tcp.getAddress(), already + 1);
        }
        connected++;
        return null;
    }

    /** Takes an admitted client that has disconnected out of the counts. */
    synchronized void leave(@Nullable SocketAddress peer) {
        connected--;
        if (peer instanceof InetSocketAddress tcp) {
            byAddress.computeIfPresent(tcp.getAddress(), (address, count) -> count == 1 ? null : count - 1);
        }
    }

    synchronized int connected() {
        return connected;
    }

    Refusals refusals() {
        return refusals;
    }
}
