package org.kiobd.nbd.tls;

import io.netty.handler.codec.DecoderException;
import io.netty.handler.ssl.NotSslRecordException;
import java.nio.channels.ClosedChannelException;
import java.security.cert.CertPathBuilderException;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** Describes in one line why TLS failed, as far as the exception tells. Stateless. */
public final class TlsFailure {
    /** The other end of the failed connection. */
    public enum Peer {
        CLIENT(
                "the client",
                "this server's",
                "closed the connection; perhaps it does not trust this server's certificate",
                "the CA this server trusts"),
        SERVER("the server", "our", "hung up", "a trusted CA");

        private final String name;
        private final String ours;
        private final String hungUp;
        private final String authority;

        Peer(String name, String ours, String hungUp, String authority) {
            this.name = name;
            this.ours = ours;
            this.hungUp = hungUp;
            this.authority = authority;
        }
    }

    private static final String ALERT = "fatal alert: ";

    private TlsFailure() {}

    /** Returns why a handshake with {@code peer} failed. */
    public static String describe(Throwable failure, Peer peer) {
        String last = failure.toString();
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            String message = String.valueOf(cause.getMessage());
            String known = known(cause, message, peer);
            if (known != null) {
                return known;
            }
            if (cause.getMessage() != null) {
                last = message;
            }
        }
        return last;
    }

    /** Returns what broke TLS with a client after the handshake; null if {@code failure} is not a TLS failure. */
    public static @Nullable String broken(Throwable failure) {
        Throwable cause =
                failure instanceof DecoderException && failure.getCause() != null ? failure.getCause() : failure;
        return cause instanceof SSLException ? "TLS was broken: " + describe(cause, Peer.CLIENT) : null;
    }

    private static @Nullable String known(Throwable cause, String message, Peer peer) {
        if (cause instanceof ClosedChannelException) {
            return peer.name + " " + peer.hungUp;
        }
        if (cause instanceof NotSslRecordException) {
            return peer.name + " went on in plain text where TLS was agreed on";
        }
        if (cause instanceof CertificateExpiredException) {
            return peer.name + "'s certificate has expired: " + message;
        }
        if (cause instanceof CertificateNotYetValidException) {
            return peer.name + "'s certificate is not valid yet: " + message;
        }
        if (cause instanceof CertPathBuilderException
                || (cause instanceof CertPathValidatorException && cause.getCause() == null)) {
            return peer.name + "'s certificate is not signed by " + peer.authority + " (ca-cert.pem)";
        }
        if (peer == Peer.SERVER && cause instanceof CertificateException && message.startsWith("No ")) {
            return "the server's certificate is for another name: " + message;
        }
        if (message.contains("Empty client certificate chain") || message.contains("null cert chain")) {
            return peer.name + " sent no certificate, but one is required";
        }
        int alert = message.indexOf(ALERT);
        return alert < 0
                ? null
                : peer.name + " refused " + peer.ours + " certificate or the connection: alert="
                        + message.substring(alert + ALERT.length());
    }
}
