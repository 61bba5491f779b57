package org.kiobd.nbd.client;

import java.util.List;
import org.kiobd.nbd.HeaderStyle;

/**
 * What a client asks a server for, and its limits. A connection holds at most {@code maxInFlightBytes} of payload that is under way
 * (one request may always be, however large); what waits behind it is the caller's, who is told by {@link NbdCommands#room()}. Immutable.
 *
 * @param bestStyle the most to ask for; a server that refuses gets the next lower
 * @param metaContexts queries of NBD_OPT_SET_META_CONTEXT, for one "base:allocation"; empty: no block status
 * @param connectTimeoutMs for each address of the host
 * @param handshakeTimeoutMs from the connection to the end of the negotiation, TLS included
 * @param maxPayloadBytes longest READ and WRITE to send, also where the server allows more
 * @param maxInFlightRequests requests that are sent and not answered
 * @param maxInFlightBytes payload of such requests
 * @param maxWaitingRequests requests that are accepted and wait to be sent; beyond them a request is refused
 * @param closeTimeoutMs how long the server may take to hang up after NBD_CMD_DISC
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

    /** Extended headers if there are any, base:allocation, 1024 requests and 64 MiB in flight. */
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

    /** With other bounds on what is under way. */
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
