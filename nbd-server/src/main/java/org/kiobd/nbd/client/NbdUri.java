package org.kiobd.nbd.client;

import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The location of an export, as in the NBD URI specification: {@code nbd://HOST[:PORT]/NAME}, {@code nbds://} with TLS, {@code
 * nbd+unix:///NAME?socket=PATH}, {@code nbds+unix://}. Immutable.
 *
 * @param tls whether TLS is required
 * @param host name or address of the server; empty for a unix socket
 * @param port the TCP port
 * @param socket path of the unix socket; null for TCP
 * @param exportName name of the export; empty: the default export of the server
 * @param tlsCertificates folder with {@code ca-cert.pem} and, if the server requires a client certificate, {@code client-cert.pem} and
 *     {@code client-key.pem}; null: the CAs of the JDK
 * @param tlsHostname name that the server's certificate must have; null: the host, or localhost for a unix socket
 * @param tlsVerifyPeer false: the client accepts any certificate
 */
public record NbdUri(
        boolean tls,
        String host,
        int port,
        @Nullable Path socket,
        String exportName,
        @Nullable Path tlsCertificates,
        @Nullable String tlsHostname,
        boolean tlsVerifyPeer) {

    public static final int DEFAULT_PORT = 10809;

    private static final int MAX_PORT = 65_535;

    /** @throws IllegalArgumentException if {@code text} is not an NBD URI; the message is one line */
    public static NbdUri parse(String text) {
        URI uri;
        try {
            uri = new URI(text);
        } catch (URISyntaxException e) {
            throw wrong(text, e.getReason());
        }
        String scheme = String.valueOf(uri.getScheme());
        boolean unix = scheme.endsWith("+unix");
        String base = unix ? scheme.substring(0, scheme.length() - "+unix".length()) : scheme;
        if (!base.equals("nbd") && !base.equals("nbds")) {
            throw wrong(text, "the scheme is not nbd, nbds, nbd+unix or nbds+unix");
        }
        Map<String, String> query = query(text, uri.getRawQuery());
        if (query.containsKey("tls-psk-file")) {
            throw wrong(text, "pre-shared keys are not supported (docs/adr/0005): use tls-certificates");
        }
        String host = uri.getHost() == null ? "" : uri.getHost().replaceAll("^\\[|]$", "");
        String socket = query.get("socket");
        if (unix ? socket == null || socket.isEmpty() || !host.isEmpty() : host.isEmpty() || socket != null) {
            throw wrong(text, unix ? "it needs ?socket=PATH and no host" : "it needs a host and no socket");
        }
        int port = uri.getPort() < 0 ? DEFAULT_PORT : uri.getPort();
        if (port < 1 || port > MAX_PORT) {
            throw wrong(text, "port=" + port + " is not between 1 and " + MAX_PORT);
        }
        String certificates = query.get("tls-certificates");
        String path = uri.getPath() == null ? "" : uri.getPath();
        return new NbdUri(
                base.equals("nbds"),
                host,
                port,
                socket == null ? null : Path.of(socket),
                path.startsWith("/") ? path.substring(1) : path,
                certificates == null ? null : Path.of(certificates),
                query.get("tls-hostname"),
                !"false".equals(query.get("tls-verify-peer")));
    }

    private static Map<String, String> query(String text, @Nullable String raw) {
        Map<String, String> query = new HashMap<>();
        for (String pair : raw == null || raw.isEmpty() ? new String[0] : raw.split("&", -1)) {
            int equals = pair.indexOf('=');
            if (equals < 0) {
                throw wrong(text, "a query is KEY=VALUE");
            }
            // A plus sign in the query of a URI is a plus sign; URLDecoder would make it a space.
            String value = pair.substring(equals + 1).replace("+", "%2B");
            query.put(pair.substring(0, equals), URLDecoder.decode(value, StandardCharsets.UTF_8));
        }
        return query;
    }

    private static IllegalArgumentException wrong(String text, String why) {
        return new IllegalArgumentException(
                "uri=" + text + " is not an NBD URI: " + why + ", e.g. nbd://localhost:10809/NAME");
    }

    /** Returns the name that the server's certificate must have. */
    String certificateName() {
        if (tlsHostname != null) {
            return tlsHostname;
        }
        return socket == null ? host : "localhost";
    }

    /** Returns the server and the export, for messages. */
    @Override
    public String toString() {
        String scheme = (tls ? "nbds" : "nbd") + (socket == null ? "" : "+unix");
        String where = host.contains(":") ? "[" + host + "]" : host;
        return socket == null
                ? scheme + "://" + where + ":" + port + "/" + exportName
                : scheme + ":///" + exportName + "?socket=" + socket;
    }
}
