package org.kiobd.nbd.tls;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/** A key and the certificate it signed for itself, made by the JDK's keytool: who trusts it, trusts exactly its holder. */
record Holder(PrivateKey key, X509Certificate certificate) {
    private static final String PASSWORD = "not-secret";

    /**
     * Makes one.
     *
     * @param algorithm such as RSA
     * @param more further arguments of keytool
     */
    static Holder make(Path folder, String commonName, String algorithm, String... more) throws Exception {
        return of(folder, "CN=" + commonName, algorithm, more);
    }

    /** The same for a whole subject. */
    static Holder of(Path folder, String subject, String algorithm, String... more) throws Exception {
        Path store = folder.resolve(Integer.toHexString(subject.hashCode()) + "-" + algorithm + ".p12");
        Files.deleteIfExists(store);
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-alias",
                "it",
                "-dname",
                subject,
                "-keyalg",
                algorithm,
                "-keystore",
                store.toString(),
                "-storetype",
                "PKCS12",
                "-storepass",
                PASSWORD));
        command.addAll(List.of(more));
        Process keytool = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(keytool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(keytool.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(keytool.exitValue()).as(output).isZero();
        KeyStore made = KeyStore.getInstance(store.toFile(), PASSWORD.toCharArray());
        return new Holder(
                (PrivateKey) made.getKey("it", PASSWORD.toCharArray()), (X509Certificate) made.getCertificate("it"));
    }

    /** The key as PKCS #8. */
    String keyPem() {
        return pem("PRIVATE KEY", key.getEncoded());
    }

    String certificatePem() throws GeneralSecurityException {
        return pem("CERTIFICATE", certificate.getEncoded());
    }

    static String pem(String kind, byte[] der) {
        return "-----BEGIN " + kind + "-----\n"
                + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der) + "\n-----END " + kind + "-----\n";
    }

    /** Writes the folder of a server that shows this one, and trusts {@code client}. */
    Path serverFolder(Path folder, Holder client) throws IOException, GeneralSecurityException {
        Files.createDirectories(folder);
        Files.writeString(folder.resolve("server-key.pem"), keyPem());
        Files.writeString(folder.resolve("server-cert.pem"), certificatePem());
        Files.writeString(folder.resolve("ca-cert.pem"), client.certificatePem());
        return folder;
    }

    /** For a client that shows {@code client}, or nothing, and trusts this one. */
    SSLContext trustedBy(@Nullable Holder client) throws GeneralSecurityException, IOException {
        KeyStore trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, null);
        trusted.setCertificateEntry("server", certificate);
        TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
        trust.init(trusted);
        KeyStore shown = KeyStore.getInstance("PKCS12");
        shown.load(null, null);
        if (client != null) {
            shown.setKeyEntry("client", client.key, PASSWORD.toCharArray(), new X509Certificate[] {client.certificate});
        }
        KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
        keys.init(shown, PASSWORD.toCharArray());
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
        return context;
    }
}
