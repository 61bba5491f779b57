package org.kiobd.nbd.client;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.kiobd.nbd.HeaderStyle;
import org.kiobd.nbd.tls.Security;

/**
 * The result of a handshake. Immutable.
 *
 * @param export the chosen export
 * @param style the header style of requests and replies
 * @param contexts the negotiated meta contexts by name, each with its id on this connection; empty: there is no block status
 * @param tls the result of the TLS handshake; null without TLS
 */
record Negotiated(
        ExportInfo export,
        HeaderStyle style,
        Map<String, Integer> contexts,
        @Nullable Security tls) {
    Negotiated {
        contexts = Map.copyOf(new LinkedHashMap<>(contexts));
    }

    Optional<Security> security() {
        return Optional.ofNullable(tls);
    }
}
