package org.kiobd.nbd.tls;

import io.netty.handler.ssl.SslContext;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Who may talk to a server, and how privately. Immutable. */
public final class TlsPolicy {
    /** No TLS, everybody. */
    public static final TlsPolicy OFF = new TlsPolicy(TlsMode.OFF, null, Map.of());

    /** Stands for all exports in the map of clients. */
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
     * @param mode ON or REQUIRE
     * @param context the server's certificate, and whom it trusts
     * @param clients by export name, or {@link #ALL_EXPORTS}: who alone may use it, by a name of {@link Security#peerNames}; exports that are
     *     not in it are for everybody. The context must verify certificates then
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

    /** What makes handlers; null where TLS is off. */
    public @Nullable SslContext context() {
        return context;
    }

    /** Whether not everybody may use the export of that name. */
    public boolean restricts(String exportName) {
        return clients.containsKey(exportName) || clients.containsKey(ALL_EXPORTS);
    }

    /** Whether there is an export that not everybody may use, or could be. */
    public boolean restrictsAny() {
        return !clients.isEmpty();
    }

    /** Whether a client that is known to be {@code security} may use the export of that name. */
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
