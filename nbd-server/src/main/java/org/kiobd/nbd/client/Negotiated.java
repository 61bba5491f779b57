package org.kiobd.nbd.client;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.kiobd.nbd.HeaderStyle;
import org.kiobd.nbd.tls.Security;

/**
 * What a handshake ended with. Immutable.
 *
 * @param export what was chosen
 * @param style which headers are used
 * @param contexts what block status tells, by name, with the number this connection calls it by; empty: there is no block status
 * @param tls what TLS has established; null without it
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
