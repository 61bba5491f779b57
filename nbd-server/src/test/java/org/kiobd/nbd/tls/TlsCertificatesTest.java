package org.kiobd.nbd.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kiobd.volume.BlockIoException;

/** What can be wrong with a folder of certificates is found at the start, not by the first client. */
final class TlsCertificatesTest {
    /** What PKCS #8 puts before a 2048-bit RSA key. */
    private static final int PKCS8_HEADER_BYTES = 26;

    @TempDir
    private static Path folder;

    private static Holder server;
    private static Holder client;

    @BeforeAll
    static void makeKeys() throws Exception {
        server = Holder.make(folder, "server", "RSA", "-keysize", "2048");
        client = Holder.make(folder, "client1", "RSA", "-keysize", "2048");
    }

    private static void refused(Path certificates, String... says) {
        assertThatThrownBy(() -> TlsCertificates.server(certificates, true))
                .isInstanceOf(BlockIoException.class)
                .hasMessageContainingAll(says)
                .hasMessageContaining("nothing is served")
                .hasMessageNotContaining("\n");
    }

    @ParameterizedTest
    @ValueSource(strings = {"RSA", "EC", "Ed25519"})
    void keysOfEachKindAreRead(String algorithm) throws Exception {
        Holder holder = Holder.make(folder, "holder", algorithm);
        Path certificates = holder.serverFolder(folder.resolve("good-" + algorithm), client);
        assertThat(TlsCertificates.server(certificates, true).isServer()).isTrue();
        assertThat(PemKey.read(certificates.resolve("server-key.pem"))).isEqualTo(holder.key());
    }

    @Test
    void pkcs1IsReadAsWell() throws Exception {
        byte[] pkcs8 = server.key().getEncoded();
        byte[] pkcs1 = Arrays.copyOfRange(pkcs8, PKCS8_HEADER_BYTES, pkcs8.length);
        Path file = folder.resolve("pkcs1.pem");
        Files.writeString(file, "Public Key Info:\n\n" + Holder.pem("RSA PRIVATE KEY", pkcs1));
        assertThat(PemKey.read(file)).isEqualTo(server.key());
    }

    @ParameterizedTest
    @ValueSource(strings = {"ca-cert.pem", "server-cert.pem", "server-key.pem"})
    void aFileThatIsMissingIsNamed(String file) throws Exception {
        Path certificates = server.serverFolder(folder.resolve("missing-" + file), client);
        Files.delete(certificates.resolve(file));
        refused(certificates, file, "there is no such file");
    }

    @ParameterizedTest
    @ValueSource(strings = {"ca-cert.pem", "server-cert.pem", "server-key.pem"})
    void aFileThatIsNoPemIsNamed(String file) throws Exception {
        Path certificates = server.serverFolder(folder.resolve("garbage-" + file), client);
        Files.writeString(certificates.resolve(file), "garbage");
        refused(certificates, file);
    }

    @ParameterizedTest
    @ValueSource(strings = {"RSA", "EC", "Ed25519"})
    void aKeyOfAnotherCertificateIsRefused(String algorithm) throws Exception {
        Path certificates = server.serverFolder(folder.resolve("mismatch-" + algorithm), client);
        Files.writeString(
                certificates.resolve("server-key.pem"),
                Holder.make(folder, "another", algorithm).keyPem());
        refused(certificates, "server-key.pem is not the key");
    }

    @Test
    void aCertificateThatHasExpiredIsRefused() throws Exception {
        Holder expired = Holder.make(folder, "expired", "EC", "-startdate", "-3d", "-validity", "1");
        refused(expired.serverFolder(folder.resolve("expired"), client), "server-cert.pem", "is valid from");
    }

    @Test
    void anEncryptedKeyIsRefusedWithTheCommandThatHelps() throws Exception {
        Path certificates = server.serverFolder(folder.resolve("encrypted"), client);
        Files.writeString(
                certificates.resolve("server-key.pem"),
                Holder.pem("ENCRYPTED PRIVATE KEY", server.key().getEncoded()));
        refused(certificates, "ENCRYPTED", "openssl pkcs8 -topk8 -nocrypt");
    }

    @Test
    void whatACertificateSaysCannotForgeALineOfTheLog() {
        Security security = new Security("TLSv1.3", "cipher", Set.of("b", "a\nERROR forged"));
        assertThat(security.toString()).isEqualTo("TLSv1.3 cipher client=a?ERROR forged,b");
    }
}
