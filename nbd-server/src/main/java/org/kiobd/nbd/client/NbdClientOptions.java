package org.kiobd.nbd.client;

import java.util.List;
import org.kiobd.nbd.HeaderStyle;

/**
 * The negotiation preferences and the limits of a client. A connection has at most {@code maxInFlightBytes} of payload in flight (a single
 * request may exceed this limit); further requests wait, and {@link NbdCommands#room()} tells the caller when to send more. Immutable.
 *
 * @param bestStyle the best header style to request; if the server refuses, the client requests the next lower one
 * @param metaContexts queries for NBD_OPT_SET_META_CONTEXT, e.g. "base:allocation"; empty: no block status
 * @param connectTimeoutMs timeout for connecting to each address of the host
 * @param handshakeTimeoutMs timeout from the connection to the end of the negotiation, including TLS
 * @param maxPayloadBytes maximum length of a READ or WRITE, even if the server allows more
 * @param maxInFlightRequests maximum number of requests that are sent and not answered
 * @param maxInFlightBytes maximum payload of such requests
 * @param maxWaitingRequests maximum number of accepted requests that wait to be sent; further requests are refused
 * @param closeTimeoutMs how long the server may take to close the connection after NBD_CMD_DISC
 */
public record NbdClientOptions(
        HeaderStyle bestStyle,
        List<String> metaContexts,
        int connectTimeoutMs,
        int handshakeTimeoutMs,
        int maxPayloadBytes,
        int maxInFlightRequests,
        long maxInFlightBytes,
        int maxWaitingRequests,
        int closeTimeoutMs) {

    /** Extended headers if the server has them, base:allocation, 1024 requests and 64 MiB in flight. */
    public static final NbdClientOptions DEFAULT = new NbdClientOptions(
            HeaderStyle.EXTENDED,
            List.of("base:allocation"),
            10_000,
            10_000,
            64 << 20,
            1024,
            64L << 20,
            64 << 10,
            5_000);

    public NbdClientOptions {
        metaContexts = List.copyOf(metaContexts);
        if (connectTimeoutMs < 1
                || handshakeTimeoutMs < 1
                || maxPayloadBytes < 1
                || maxInFlightRequests < 1
                || maxInFlightBytes < 1
                || maxWaitingRequests < 1
                || closeTimeoutMs < 1) {
            throw new IllegalArgumentException("limits must be 1 or more: connectTimeoutMs=" + connectTimeoutMs
                    + " handshakeTimeoutMs=" + handshakeTimeoutMs + " maxPayloadBytes=" + maxPayloadBytes
                    + " maxInFlightRequests=" + maxInFlightRequests + " maxInFlightBytes=" + maxInFlightBytes
                    + " maxWaitingRequests=" + maxWaitingRequests + " closeTimeoutMs=" + closeTimeoutMs);
        }
    }

    public NbdClientOptions withBestStyle(HeaderStyle style) {
        return new NbdClientOptions(
                style,
                metaContexts,
                connectTimeoutMs,
                handshakeTimeoutMs,
                maxPayloadBytes,
                maxInFlightRequests,
                maxInFlightBytes,
                maxWaitingRequests,
                closeTimeoutMs);
    }

    public NbdClientOptions withMetaContexts(String... queries) {
        return new NbdClientOptions(
                bestStyle,
                List.of(queries),
                connectTimeoutMs,
                handshakeTimeoutMs,
                maxPayloadBytes,
                maxInFlightRequests,
                maxInFlightBytes,
                maxWaitingRequests,
                closeTimeoutMs);
    }

    /** Returns these options with other limits for requests in flight and waiting requests. */
    public NbdClientOptions withInFlight(int requests, long bytes, int waiting) {
        return new NbdClientOptions(
                bestStyle,
                metaContexts,
                connectTimeoutMs,
                handshakeTimeoutMs,
                maxPayloadBytes,
                requests,
                bytes,
                waiting,
                closeTimeoutMs);
    }
}
