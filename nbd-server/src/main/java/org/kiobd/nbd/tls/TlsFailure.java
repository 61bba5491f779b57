package org.kiobd.nbd.tls;

import io.netty.handler.codec.DecoderException;
import io.netty.handler.ssl.NotSslRecordException;
import java.nio.channels.ClosedChannelException;
import java.security.cert.CertPathBuilderException;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** Says in one line why a TLS handshake failed, as far as the cause tells. Stateless. */
public final class TlsFailure {
    private TlsFailure() {}

    /** For the log. */
    public static String describe(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            String known = known(cause);
            if (known != null) {
                return known;
            }
        }
        return String.valueOf(failure.getMessage());
    }

    /** What broke TLS after its handshake, in one line for the log; null if {@code failure} is none of TLS. */
    public static @Nullable String broken(Throwable failure) {
        Throwable cause =
                failure instanceof DecoderException && failure.getCause() != null ? failure.getCause() : failure;
        return cause instanceof SSLException ? "TLS was broken: " + describe(cause) : null;
    }

    private static @Nullable String known(Throwable cause) {
        String message = String.valueOf(cause.getMessage());
        if (cause instanceof ClosedChannelException) {
            return "the client hung up, which is what one does that does not trust this server's certificate";
        }
        if (cause instanceof NotSslRecordException) {
            return "the client went on in plain text where TLS was agreed on";
        }
        if (cause instanceof CertificateExpiredException) {
            return "the client's certificate has expired: " + message;
        }
        if (cause instanceof CertificateNotYetValidException) {
            return "the client's certificate is not valid yet: " + message;
        }
        if (cause instanceof CertPathBuilderException
                || (cause instanceof CertPathValidatorException && cause.getCause() == null)) {
            return "the client's certificate is not signed by the CA this server trusts (ca-cert.pem)";
        }
        if (message.contains("Empty client certificate chain") || message.contains("null cert chain")) {
            return "the client showed no certificate, and this server demands one";
        }
        int alert = message.indexOf("fatal alert: ");
        if (alert >= 0) {
            return "the client refused this server's certificate or the connection: alert="
                    + message.substring(alert + "fatal alert: ".length());
        }
        return null;
    }
}
