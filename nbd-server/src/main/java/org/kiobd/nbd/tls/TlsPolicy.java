package org.kiobd.nbd.tls;

import io.netty.handler.ssl.SslContext;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The TLS mode of a server, its certificates, and the clients that may use each export. Immutable; any thread. */
public final class TlsPolicy {
    /** No TLS; every client may use every export. */
    public static final TlsPolicy OFF = new TlsPolicy(TlsMode.OFF, null, Map.of());

    /** The key for all exports in the map of clients. */
    public static final String ALL_EXPORTS = "";

    private final TlsMode mode;
    private final @Nullable SslContext context;
    private final Map<String, Set<String>> clients;

    private TlsPolicy(TlsMode mode, @Nullable SslContext context, Map<String, Set<String>> clients) {
        this.mode = mode;
        this.context = context;
        this.clients = new HashMap<>(clients);
    }

    /**
     * Returns a policy with TLS.
     *
     * @param mode ON or REQUIRE
     * @param context the server's certificate, and the CAs it trusts; it must verify client certificates if {@code clients} is not empty
     * @param clients the clients that may use an export, by export name or {@link #ALL_EXPORTS}; a client is listed by one of its {@link
     *     Security#peerNames}. If the map has neither an export nor {@link #ALL_EXPORTS}, every client may use that export
     */
    public static TlsPolicy of(TlsMode mode, SslContext context, Map<String, Set<String>> clients) {
        if (mode == TlsMode.OFF) {
            throw new IllegalArgumentException("mode=" + mode + " needs no context");
        }
        return new TlsPolicy(mode, context, clients);
    }

    public TlsMode mode() {
        return mode;
    }

    /** Returns the context that makes TLS handlers; null if TLS is off. */
    public @Nullable SslContext context() {
        return context;
    }

    /** Returns whether a client list restricts the export {@code exportName}. */
    public boolean restricts(String exportName) {
        return clients.containsKey(exportName) || clients.containsKey(ALL_EXPORTS);
    }

    /** Returns whether there is a client list for any export, which need not exist yet. */
    public boolean restrictsAny() {
        return !clients.isEmpty();
    }

    /** Returns whether a client with the TLS result {@code security} may use the export {@code exportName}; null: without TLS. */
    public boolean allows(String exportName, @Nullable Security security) {
        return !restricts(exportName)
                || (security != null
                        && security.peerNames().stream()
                                .anyMatch(name -> lists(exportName, name) || lists(ALL_EXPORTS, name)));
    }

    private boolean lists(String exportName, String client) {
        return clients.getOrDefault(exportName, Set.of()).contains(client);
    }
}
