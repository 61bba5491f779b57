package org.kiobd.nbd.client;

import io.netty.handler.ssl.NotSslRecordException;
import io.netty.handler.ssl.SslContext;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.security.cert.CertPathBuilderException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.kiobd.nbd.tls.TlsCertificates;

/** The TLS of one connector: its certificates, read once, and why a handshake failed, in words. Any thread. */
final class ClientTls {
    private final Map<String, SslContext> read = new ConcurrentHashMap<>();

    /** What makes handlers for connections to {@code uri}, which demands TLS. */
    SslContext context(NbdUri uri) throws IOException {
        String key = uri.tlsVerifyPeer() + ":" + uri.tlsCertificates();
        SslContext known = read.get(key);
        if (known == null) {
            known = TlsCertificates.client(uri.tlsCertificates(), uri.tlsVerifyPeer());
            read.put(key, known);
        }
        return known;
    }

    /** In one line, as far as the cause tells. */
    static String describe(Throwable failure) {
        String last = "";
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            String message = String.valueOf(cause.getMessage());
            String known = known(cause, message);
            if (known != null) {
                return known;
            }
            last = message;
        }
        return last;
    }

    private static @Nullable String known(Throwable cause, String message) {
        if (cause instanceof ClosedChannelException) {
            return "the server hung up";
        }
        if (cause instanceof NotSslRecordException) {
            return "the server went on in plain text where TLS was agreed on";
        }
        if (cause instanceof CertificateExpiredException) {
            return "the server's certificate has expired: " + message;
        }
        if (cause instanceof CertPathBuilderException) {
            return "the server's certificate is not signed by a trusted CA (ca-cert.pem)";
        }
        if (cause instanceof CertificateException && message.startsWith("No ")) {
            return "the server's certificate is for somebody else: " + message;
        }
        int alert = message.indexOf("fatal alert: ");
        return alert < 0
                ? null
                : "the server refused our certificate or the connection: alert="
                        + message.substring(alert + "fatal alert: ".length());
    }
}
