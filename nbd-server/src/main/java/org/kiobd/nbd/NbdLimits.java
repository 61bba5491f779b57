package org.kiobd.nbd;

/**
 * The limits of an NBD server. They bound the memory that a server uses. Request memory is the {@code PagePool}, whatever the number of
 * connections: memory for READ replies and WRITE payload is reserved there before it is allocated. The pool has a share for each of {@code
 * maxConnections}. In addition, each connection uses one receive buffer ({@code maxReceiveBytes}; {@code minReceiveBytes} while the
 * connection is idle or the pool is empty) and, during the handshake only, one option ({@code maxOptionBytes}). 1024 busy connections use
 * 256 MiB.
 *
 * @param handshakeTimeoutMs time limit for the handshake; a client that is not done by then is cut off
 * @param maxOptionBytes longest option that the server reads; a longer one ends the connection
 * @param maxOptions options that a client may send in its handshake; more end the connection
 * @param maxConnections connections at once, over all listeners; more are closed as soon as they are accepted
 * @param maxConnectionsPerClient connections at once from one network address; no limit for clients on unix sockets
 * @param maxInFlightRequests unanswered requests of one connection; at the limit the server stops reading the socket
 * @param maxInFlightBytes bytes of one connection's unanswered requests; a single request is always served, however large
 * @param minReceiveBytes smallest receive buffer
 * @param maxReceiveBytes largest receive buffer; one receive brings many requests
 * @param closeTimeoutMs time that a shutdown waits for accepted requests; also the time that a client may leave replies unread, or a WRITE
 *     half sent, while other clients are refused memory
 */
public record NbdLimits(
        int handshakeTimeoutMs,
        int maxOptionBytes,
        int maxOptions,
        int maxConnections,
        int maxConnectionsPerClient,
        int maxInFlightRequests,
        long maxInFlightBytes,
        int minReceiveBytes,
        int maxReceiveBytes,
        int closeTimeoutMs) {

    /** The limits of a server unless the caller chooses others. */
    public static final NbdLimits DEFAULT =
            new NbdLimits(10_000, 64 << 10, 256, 1024, 256, 4096, 128L << 20, 4 << 10, 256 << 10, 30_000);

    public NbdLimits {
        if (handshakeTimeoutMs < 1
                || maxOptionBytes < 1
                || maxOptions < 1
                || maxConnections < 1
                || maxConnectionsPerClient < 1
                || maxInFlightRequests < 1
                || maxInFlightBytes < 1
                || closeTimeoutMs < 1) {
            throw new IllegalArgumentException("limits must be 1 or more: handshakeTimeoutMs=" + handshakeTimeoutMs
                    + " maxOptionBytes=" + maxOptionBytes + " maxOptions=" + maxOptions + " maxConnections="
                    + maxConnections
                    + " maxConnectionsPerClient=" + maxConnectionsPerClient
                    + " maxInFlightRequests=" + maxInFlightRequests + " maxInFlightBytes=" + maxInFlightBytes
                    + " closeTimeoutMs=" + closeTimeoutMs);
        }
        if (minReceiveBytes < 64 || maxReceiveBytes < minReceiveBytes || maxReceiveBytes > 4 << 20) {
            throw new IllegalArgumentException("receive buffers lie between 64 bytes and 4 MiB: minReceiveBytes="
                    + minReceiveBytes + " maxReceiveBytes=" + maxReceiveBytes);
        }
    }
}
