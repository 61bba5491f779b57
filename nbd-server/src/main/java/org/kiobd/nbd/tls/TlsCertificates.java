package org.kiobd.nbd.tls;

import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.Collection;
import org.jspecify.annotations.Nullable;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;

/**
 * Makes TLS contexts from a folder with the file names of nbdkit, qemu and libnbd: {@code ca-cert.pem}, {@code server-cert.pem}, {@code
 * server-key.pem}, and for clients {@code client-cert.pem}, {@code client-key.pem}. The files are read when a context is made. Stateless.
 */
public final class TlsCertificates {
    private static final String[] PROTOCOLS = {"TLSv1.3", "TLSv1.2"};
    private static final String CA = "ca-cert.pem";
    private static final String REJECT_RENEGOTIATION = "jdk.tls.rejectClientInitiatedRenegotiation";
    private static final byte[] PROBE = {'k', 'i', 'o', 'b', 'd'};

    static {
        // TLS 1.2 allows a client to ask for a new handshake at any time. This costs the client little and an event
        // loop much, and no NBD client does it. The JDK reads this property once, at its first handshake; Netty has no
        // setting for it.
        if (System.getProperty(REJECT_RENEGOTIATION) == null) {
            System.setProperty(REJECT_RENEGOTIATION, "true");
        }
    }

    private TlsCertificates() {}

    /**
     * Returns the TLS context of a server: its certificate, and the CA for client certificates.
     *
     * @param verifyPeer whether a client must present a certificate signed by the CA in the folder
     * @throws BlockIoException if a file is missing or wrong; the message is one line and names the file
     */
    public static SslContext server(Path folder, boolean verifyPeer) throws BlockIoException {
        PrivateKey key = PemKey.read(folder.resolve("server-key.pem"));
        Path certificate = folder.resolve("server-cert.pem");
        X509Certificate[] chain = certificates(certificate);
        requireValid(certificate, chain[0]);
        if (!belongTogether(key, chain[0])) {
            throw new BlockIoException(
                    IoError.INVALID,
                    "tlsCertificates=" + folder
                            + ": server-key.pem is not the key of the first certificate in server-cert.pem; nothing is served");
        }
        try {
            SslContextBuilder builder = SslContextBuilder.forServer(key, chain).protocols(PROTOCOLS);
            if (verifyPeer) {
                builder.trustManager(certificates(folder.resolve(CA))).clientAuth(ClientAuth.REQUIRE);
            }
            return builder.build();
        } catch (IOException e) {
            throw new BlockIoException(
                    IoError.INVALID,
                    "tlsCertificates=" + folder + ": server-key.pem and server-cert.pem cannot be used together: "
                            + e.getMessage() + "; nothing is served",
                    e);
        }
    }

    /**
     * Returns the TLS context of a client: the CAs it trusts, and the client certificate in the folder, if there is one.
     *
     * @param folder null: the CAs of the JDK, and no client certificate
     * @param verifyPeer false: the client accepts any server
     * @throws BlockIoException if a file is missing or wrong; the message is one line and names the file
     */
    public static SslContext client(@Nullable Path folder, boolean verifyPeer) throws BlockIoException {
        SslContextBuilder builder = SslContextBuilder.forClient().protocols(PROTOCOLS);
        if (!verifyPeer) {
            builder.trustManager(InsecureTrustManagerFactory.INSTANCE).endpointIdentificationAlgorithm(null);
        } else {
            // "HTTPS" only makes the JDK check the name in the certificate.
            builder.endpointIdentificationAlgorithm("HTTPS");
        }
        try {
            if (folder != null) {
                if (verifyPeer) {
                    builder.trustManager(certificates(folder.resolve(CA)));
                }
                if (Files.exists(folder.resolve("client-cert.pem"))) {
                    builder.keyManager(
                            PemKey.read(folder.resolve("client-key.pem")),
                            certificates(folder.resolve("client-cert.pem")));
                }
            }
            return builder.build();
        } catch (BlockIoException e) {
            throw e;
        } catch (IOException e) {
            throw new BlockIoException(
                    IoError.INVALID,
                    "tlsCertificates=" + folder + " cannot be used: " + e.getMessage() + "; nothing was connected",
                    e);
        }
    }

    private static void requireValid(Path file, X509Certificate certificate) throws BlockIoException {
        try {
            certificate.checkValidity();
        } catch (CertificateException e) {
            throw new BlockIoException(
                    IoError.INVALID,
                    "certificate=" + file + " is valid from "
                            + certificate.getNotBefore().toInstant() + " to "
                            + certificate.getNotAfter().toInstant()
                            + " only, and no client would take it; nothing is served; make a new one",
                    e);
        }
    }

    /**
     * Returns whether {@code key} belongs to {@code certificate}. Neither Netty nor the JDK checks this; with the wrong key every handshake
     * would fail.
     */
    private static boolean belongTogether(PrivateKey key, X509Certificate certificate) {
        try {
            Signature signature = Signature.getInstance(
                    switch (key.getAlgorithm()) {
                        case "RSA" -> "SHA256withRSA";
                        case "EC" -> "SHA256withECDSA";
                        default -> key.getAlgorithm();
                    });
            signature.initSign(key);
            signature.update(PROBE);
            byte[] signed = signature.sign();
            signature.initVerify(certificate.getPublicKey());
            signature.update(PROBE);
            return signature.verify(signed);
        } catch (GeneralSecurityException e) {
            // The key has another algorithm than the certificate.
            return false;
        }
    }

    private static X509Certificate[] certificates(Path file) throws BlockIoException {
        try (InputStream in = Files.newInputStream(file)) {
            Collection<? extends Certificate> all =
                    CertificateFactory.getInstance("X.509").generateCertificates(in);
            if (all.isEmpty()) {
                throw new BlockIoException(
                        IoError.INVALID, "certificate=" + file + ": there is none in it; nothing is served");
            }
            return all.toArray(X509Certificate[]::new);
        } catch (BlockIoException e) {
            throw e;
        } catch (IOException e) {
            throw PemKey.unreadable("certificate", file, e);
        } catch (CertificateException e) {
            throw new BlockIoException(
                    IoError.INVALID,
                    "certificate=" + file + " is not a PEM certificate: " + e.getMessage() + "; nothing is served",
                    e);
        }
    }
}
