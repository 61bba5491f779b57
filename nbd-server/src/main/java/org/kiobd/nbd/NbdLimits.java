package org.kiobd.nbd;

/**
 * Everything in this room that has a limit. What a server can use at most: request memory is the {@code PagePool}, whatever the number
 * of connections, for READ replies and WRITE payload are reserved from it before they exist. It has a share for each of {@code
 * maxConnections}. Beside it stand, per connection, one
 * receive buffer that is being filled ({@code maxReceiveBytes}; {@code minReceiveBytes} while it is idle or the pool is empty) and, in
 * the handshake only, one option ({@code maxOptionBytes}); 1024 connections at work: 256 MiB.
 *
 * @param handshakeTimeoutMs a client that is not done with the handshake by then is cut off
 * @param maxOptionBytes longest option that is looked at; a longer one ends the connection
 * @param maxOptions options a client may send in its handshake; more end the connection
 * @param maxConnections connections at once, over all listeners; more are closed as they come
 * @param maxConnectionsPerClient of one network address; clients on unix sockets have none
 * @param maxInFlightRequests requests of one connection that are not answered yet; beyond it its socket is not read
 * @param maxInFlightBytes bytes of one connection's unanswered requests; one request may always be served, however large
 * @param minReceiveBytes smallest receive buffer
 * @param maxReceiveBytes largest receive buffer; one receive brings many requests
 * @param closeTimeoutMs how long a shutdown waits for what was accepted, and how long a client may leave its replies untaken, or a
 *     WRITE half sent, while others are refused memory
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

    /** What a server uses unless told otherwise. */
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
