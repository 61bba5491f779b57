package org.kiobd.nbd;

import org.kiobd.volume.kiobuf.PagePool;

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
 * @param maxConnections connections at once, over all listeners; more are refused
 * @param maxConnectionsPerAddress connections at once from one network address; no limit for clients on unix sockets
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
        int maxConnectionsPerAddress,
        int maxInFlightRequests,
        long maxInFlightBytes,
        int minReceiveBytes,
        int maxReceiveBytes,
        int closeTimeoutMs) {

    /** The limits of a server unless the caller chooses others. */
    public static final NbdLimits DEFAULT = new Builder().build();

    /** Smallest useful share of a connection: it must be able to work with this while the rest of the pool is in use. */
    static final int MIN_SHARE_BYTES = 16 << 10;

    public NbdLimits {
        if (handshakeTimeoutMs < 1
                || maxOptionBytes < 1
                || maxOptions < 1
                || maxConnections < 1
                || maxConnectionsPerAddress < 1
                || maxInFlightRequests < 1
                || maxInFlightBytes < 1
                || closeTimeoutMs < 1) {
            throw new IllegalArgumentException("limits must be 1 or more: handshakeTimeoutMs=" + handshakeTimeoutMs
                    + " maxOptionBytes=" + maxOptionBytes + " maxOptions=" + maxOptions + " maxConnections="
                    + maxConnections + " maxConnectionsPerAddress=" + maxConnectionsPerAddress
                    + " maxInFlightRequests=" + maxInFlightRequests + " maxInFlightBytes=" + maxInFlightBytes
                    + " closeTimeoutMs=" + closeTimeoutMs);
        }
        if (minReceiveBytes < 64 || maxReceiveBytes < minReceiveBytes || maxReceiveBytes > 4 << 20) {
            throw new IllegalArgumentException("receive buffers must be between 64 bytes and 4 MiB: minReceiveBytes="
                    + minReceiveBytes + " maxReceiveBytes=" + maxReceiveBytes);
        }
    }

    /** Returns the smallest capacity of a {@link PagePool} for a server with these limits. */
    public long minPoolBytes() {
        return Math.max(2L * maxReceiveBytes, PagePool.capacityFor(maxConnections, MIN_SHARE_BYTES));
    }

    /** Returns a builder with these limits. */
    public Builder toBuilder() {
        Builder builder = new Builder();
        builder.handshakeTimeoutMs = handshakeTimeoutMs;
        builder.maxOptionBytes = maxOptionBytes;
        builder.maxOptions = maxOptions;
        builder.maxConnections = maxConnections;
        builder.maxConnectionsPerAddress = maxConnectionsPerAddress;
        builder.maxInFlightRequests = maxInFlightRequests;
        builder.maxInFlightBytes = maxInFlightBytes;
        builder.minReceiveBytes = minReceiveBytes;
        builder.maxReceiveBytes = maxReceiveBytes;
        builder.closeTimeoutMs = closeTimeoutMs;
        return builder;
    }

    /** Collects limits that differ from others; used by one thread. */
    public static final class Builder {
        private int handshakeTimeoutMs = 10_000;
        private int maxOptionBytes = 64 << 10;
        private int maxOptions = 256;
        private int maxConnections = 1024;
        private int maxConnectionsPerAddress = 256;
        private int maxInFlightRequests = 4096;
        private long maxInFlightBytes = 128L << 20;
        private int minReceiveBytes = 4 << 10;
        private int maxReceiveBytes = 256 << 10;
        private int closeTimeoutMs = 30_000;

        private Builder() {}

        public Builder handshakeTimeoutMs(int value) {
            handshakeTimeoutMs = value;
            return this;
        }

        /** Sets the longest option, and the number of options of one handshake. */
        public Builder options(int maxBytes, int maxNumber) {
            maxOptionBytes = maxBytes;
            maxOptions = maxNumber;
            return this;
        }

        public Builder maxConnections(int value) {
            maxConnections = value;
            return this;
        }

        public Builder maxConnectionsPerAddress(int value) {
            maxConnectionsPerAddress = value;
            return this;
        }

        /** Sets the limits of one connection's unanswered requests. */
        public Builder maxInFlight(int requests, long bytes) {
            maxInFlightRequests = requests;
            maxInFlightBytes = bytes;
            return this;
        }

        /** Sets the sizes of the smallest and the largest receive buffer. */
        public Builder receiveBytes(int min, int max) {
            minReceiveBytes = min;
            maxReceiveBytes = max;
            return this;
        }

        public Builder closeTimeoutMs(int value) {
            closeTimeoutMs = value;
            return this;
        }

        /** @throws IllegalArgumentException if a limit is out of its range */
        public NbdLimits build() {
            return new NbdLimits(
                    handshakeTimeoutMs,
                    maxOptionBytes,
                    maxOptions,
                    maxConnections,
                    maxConnectionsPerAddress,
                    maxInFlightRequests,
                    maxInFlightBytes,
                    minReceiveBytes,
                    maxReceiveBytes,
                    closeTimeoutMs);
        }
    }
}
