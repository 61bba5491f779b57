package org.kiobd.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a server prints for users to copy works when it is pasted. */
final class NbdClientLineTest {
    @TempDir
    private Path folder;

    @Test
    void withoutTlsNoFileIsNamed() {
        NbdClientLine plain = new NbdClientLine(false, true, List.of("disk.example"));
        assertThat(plain.text("127.0.0.1", 10809, null, "data"))
                .isEqualTo("nbd-client 127.0.0.1 10809 -N data -C 4 /dev/nbd0");
        assertThat(plain.text("", -1, Path.of("/run/a b.sock"), "data"))
                .isEqualTo("nbd-client -unix '/run/a b.sock' -N data -C 4 /dev/nbd0");
    }

    @Test
    void aServerThatAsksForACertificateIsShownOne() {
        List<String> names = List.of("disk.example", "127.0.0.1");
        assertThat(new NbdClientLine(true, false, names).text("127.0.0.1", 1, null, "data"))
                .isEqualTo("nbd-client 127.0.0.1 1 -N data -cacertfile ca-cert.pem -C 4 /dev/nbd0");
        assertThat(new NbdClientLine(true, true, names).text("127.0.0.1", 1, null, "data"))
                .isEqualTo("nbd-client 127.0.0.1 1 -N data -cacertfile ca-cert.pem"
                        + " -certfile client-cert.pem -keyfile client-key.pem -C 4 /dev/nbd0");
    }

    /** The client compares the certificate with the host it dials, unless it is told another name. */
    @Test
    void aHostThatIsNotInTheCertificateGetsAName() {
        NbdClientLine command = new NbdClientLine(true, false, List.of("*.example", "disk.example"));
        assertThat(command.text("0.0.0.0", 1, null, "data")).contains(" -tlshostname disk.example ");
        assertThat(command.text("", -1, Path.of("/s"), "data")).contains(" -tlshostname disk.example ");
        assertThat(command.text("disk.example", 1, null, "data")).doesNotContain("-tlshostname");
        assertThat(new NbdClientLine(true, false, List.of("*.example")).text("h", 1, null, "data"))
                .doesNotContain("-tlshostname");
    }

    @Test
    void theNamesAreThoseOfTheServersCertificate() throws Exception {
        assertThat(NbdClientLine.serverNames(folder)).isEmpty();
        Path keys = folder.resolve("keys");
        keytool(keys, "-genkeypair", "-keyalg", "EC", "-dname", "CN=x", "-ext", "SAN=ip:127.0.0.1,dns:disk.example");
        keytool(
                keys,
                "-exportcert",
                "-rfc",
                "-file",
                folder.resolve("server-cert.pem").toString());
        assertThat(NbdClientLine.serverNames(folder)).containsExactly("disk.example", "127.0.0.1");
        Files.writeString(folder.resolve("server-cert.pem"), "nonsense");
        assertThat(NbdClientLine.serverNames(folder)).isEmpty();
    }

    private static void keytool(Path keys, String... words) throws Exception {
        ProcessBuilder keytool = new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
        keytool.command().addAll(List.of(words));
        keytool.command().addAll(List.of("-alias", "a", "-storepass", "secret", "-keystore", keys.toString()));
        Process running = keytool.redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        assertThat(running.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(running.exitValue()).isZero();
    }
}
