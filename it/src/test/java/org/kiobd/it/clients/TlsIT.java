package org.kiobd.it.clients;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kiobd.it.kit.HostCommand;
import org.kiobd.it.kit.HostProgram;
import org.kiobd.it.kit.KiobdCli;
import org.kiobd.it.kit.KiobdServer;

/** TLS with the clients people have: who is let in, who is not, and what the log says of each. */
@Timeout(120)
final class TlsIT {
    private static final Duration TIMEOUT = Duration.ofSeconds(60);
    private static final String NAME = "v";

    @TempDir
    private static Path folder;

    private static Path server;
    private static Path client;
    private static Path expiredClient;
    private static Path strangersClient;
    private static Path strangersTrust;
    private static Path elsewhere;

    @BeforeAll
    static void makeCertificates() throws IOException {
        Certificates authority = new Certificates(folder.resolve("authority"), "authority");
        // Of the same name: a client shows a certificate only if somebody of the name the server asks for has signed
        // it.
        Certificates stranger = new Certificates(folder.resolve("stranger"), "authority");
        server = authority.issue("server", "server", "localhost", 2);
        elsewhere = authority.issue("elsewhere", "server", "elsewhere.example", 2);
        client = authority.issue("client", "client", "client1", 2);
        expiredClient = authority.issue("expired", "client", "client1", 0);
        strangersClient = stranger.issue("strangers", "client", "client1", 2);
        Files.copy(
                authority.trust().resolve("ca-cert.pem"),
                strangersClient.resolve("ca-cert.pem"),
                java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        strangersTrust = stranger.trust();
        KiobdCli.ok(home(), "create", NAME, "--size", "64M");
    }

    private static Path home() {
        return folder.resolve("home");
    }

    private static KiobdServer start(String engine, Path certificates, String... more) {
        List<String> arguments = new ArrayList<>(List.of("serve", NAME, "--listen", "127.0.0.1:0", "--engine", engine));
        arguments.addAll(List.of("--tls-certificates", certificates.toString()));
        arguments.addAll(List.of(more));
        return KiobdServer.in(home()).start(arguments.toArray(String[]::new));
    }

    private static String uri(KiobdServer started, Path certificates) {
        return started.uri().replace("127.0.0.1", "localhost") + "?tls-certificates=" + certificates;
    }

    private static HostCommand.Result nbdinfo(KiobdServer started, Path certificates) {
        Peer.require("nbdinfo");
        return HostCommand.run(TIMEOUT, List.of("nbdinfo", uri(started, certificates)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"io_uring", "epoll", "nio"})
    void libnbdCopiesOverTls(String engine) throws IOException {
        byte[] data = new byte[20 << 20];
        new Random(0x746c73).nextBytes(data);
        Path sent = Files.write(folder.resolve("sent-" + engine), data);
        Path back = folder.resolve("back-" + engine);
        try (KiobdServer started = start(engine, server)) {
            assertThat(started.uri()).startsWith("nbds://");
            assertThat(nbdinfo(started, folder.resolve("authority")).output()).contains("with TLS");
            String uri = uri(started, folder.resolve("authority"));
            HostCommand.output(TIMEOUT, List.of("nbdcopy", "--connections=4", sent.toString(), uri));
            HostCommand.output(TIMEOUT, List.of("nbdcopy", "--connections=4", uri, back.toString()));
            HostCommand.output(
                    TIMEOUT, List.of("cmp", "-n", String.valueOf(data.length), sent.toString(), back.toString()));
            assertThat(started.stop().get("poolReservedBytes")).isZero();
            assertThat(started.log()).contains("tls=TLSv1.3");
        }
    }

    @Test
    void qemuSpeaksTlsAsWell() {
        try (KiobdServer started = start("io_uring", server, "--tls-verify-peer")) {
            Peer.require("qemu-io");
            String port = started.uri().replaceFirst("nbds://[^:]*:(\\d+)/.*", "$1");
            HostCommand.output(
                    TIMEOUT,
                    List.of(
                            "qemu-io",
                            "--object",
                            "tls-creds-x509,id=tls0,endpoint=client,dir=" + client,
                            "--image-opts",
                            "driver=nbd,host=localhost,port=" + port + ",export=" + NAME + ",tls-creds=tls0",
                            "-c",
                            "write -P 0xaa 1M 1M",
                            "-c",
                            "read -P 0xaa 1M 1M",
                            "-c",
                            "flush"));
            started.stop();
            assertThat(started.log()).contains("client=client1");
        }
    }

    @Test
    void whoIsNotWhoItShouldBeIsNotLetInAndTheLogSaysWhy() {
        try (KiobdServer started = start("io_uring", server, "--tls-verify-peer")) {
            assertThat(nbdinfo(started, client).exitCode()).isZero();
            assertThat(nbdinfo(started, folder.resolve("authority")).exitCode()).isNotZero();
            assertThat(nbdinfo(started, strangersClient).exitCode()).isNotZero();
            assertThat(nbdinfo(started, expiredClient).exitCode()).isNotZero();
            assertThat(nbdinfo(started, client).exitCode())
                    .as("others are unharmed")
                    .isZero();
            started.stop();
            assertThat(started.log())
                    .contains("sent no certificate")
                    .contains("not signed by the CA")
                    .contains("has expired");
        }
    }

    @Test
    void aClientThatDoesNotTrustUsSaysSoInOurLog() {
        try (KiobdServer started = start("io_uring", server)) {
            assertThat(nbdinfo(started, strangersTrust).exitCode()).isNotZero();
            started.stop();
            assertThat(started.log()).contains("does not trust this server's certificate");
        }
        try (KiobdServer started = start("io_uring", elsewhere)) {
            assertThat(nbdinfo(started, folder.resolve("authority")).output()).contains("certificate");
            started.stop();
            assertThat(started.log()).contains("does not trust this server's certificate");
        }
    }

    private static HostCommand.Result nbdClient(KiobdServer started, Path trust, String... more) {
        Path program = HostProgram.require("nbd-client", "nbd-client");
        String port = started.uri().replaceFirst("nbds://[^:]*:(\\d+)/.*", "$1");
        List<String> command = new ArrayList<>(List.of(program.toString(), "-l", "localhost", port));
        command.addAll(List.of("-cacertfile", trust.resolve("ca-cert.pem").toString(), "-tlshostname", "localhost"));
        command.addAll(List.of(more));
        return HostCommand.run(TIMEOUT, command);
    }

    /** Its TLS is a process of its own between it and us, in TLS 1.2; listing takes it without a kernel device. */
    @Test
    void nbdClientGoesThroughItsTlsProxy() {
        String[] certificate = {
            "-certfile", client.resolve("client-cert.pem").toString(),
            "-keyfile", client.resolve("client-key.pem").toString()
        };
        try (KiobdServer started = start("io_uring", server, "--tls-verify-peer")) {
            HostCommand.Result listed = nbdClient(started, folder.resolve("authority"), certificate);
            assertThat(listed.exitCode()).as(listed.output()).isZero();
            assertThat(listed.output()).contains(NAME + ": kiobd volume");
            assertThat(nbdClient(started, folder.resolve("authority")).output())
                    .as("no client certificate")
                    .doesNotContain("kiobd volume");
            assertThat(nbdClient(started, strangersTrust, certificate).output())
                    .as("wrong CA")
                    .doesNotContain("kiobd volume");
            started.stop();
            assertThat(started.log()).contains("tls=TLSv1.2").contains("client=client1");
            assertThat(started.log()).contains("sent no certificate");
        }
    }

    @Test
    void aUnixSocketSpeaksTlsAsWell() {
        Peer.require("nbdinfo");
        Path socket = folder.resolve("tls.sock");
        try (KiobdServer started = KiobdServer.in(home())
                .start("serve", NAME, "--unix", socket.toString(), "--tls-certificates", server.toString())) {
            assertThat(started.uri()).startsWith("nbds+unix://");
            String uri = started.uri() + "&tls-certificates=" + folder.resolve("authority");
            assertThat(HostCommand.output(TIMEOUT, List.of("nbdinfo", uri))).contains("with TLS");
            started.stop();
        }
    }

    @Test
    void plainTextIsRefusedWhereTlsIsRequiredAndServedWhereItIsNot() {
        try (KiobdServer started = start("io_uring", server)) {
            String plain = started.uri().replace("nbds://", "nbd://");
            assertThat(HostCommand.run(TIMEOUT, List.of("nbdinfo", plain)).exitCode())
                    .isNotZero();
            started.stop();
            assertThat(started.log()).contains("was not let in: it speaks plain text");
        }
        try (KiobdServer started = start("io_uring", server, "--tls", "on")) {
            assertThat(HostCommand.output(TIMEOUT, List.of("nbdinfo", started.uri())))
                    .contains("without TLS");
            String secure = started.uri().replace("nbd://127.0.0.1", "nbds://localhost");
            assertThat(HostCommand.output(
                            TIMEOUT, List.of("nbdinfo", secure + "?tls-certificates=" + folder.resolve("authority"))))
                    .contains("with TLS");
            started.stop();
        }
    }

    @Test
    void onlyTheClientsThatAreNamedGetTheExport() {
        try (KiobdServer started = start("io_uring", server, "--allow-client", NAME + "=somebody")) {
            assertThat(nbdinfo(started, client).exitCode()).isNotZero();
            started.stop();
            assertThat(started.log()).contains("export=v is not for a client called [client1]");
        }
        try (KiobdServer started = start("io_uring", server, "--allow-client", NAME + "=client1")) {
            assertThat(nbdinfo(started, client).exitCode()).isZero();
            started.stop();
        }
    }

    /** Or the volume that was meant would be open to everybody. */
    @Test
    void aListOfClientsForAVolumeThatIsNotServedIsRefused() {
        KiobdCli.Result refused = KiobdCli.run(
                home(),
                "serve",
                NAME,
                "--listen",
                "127.0.0.1:0",
                "--tls-certificates",
                server.toString(),
                "--allow-client",
                "w=client1");
        assertThat(refused.exitCode()).isEqualTo(2);
        assertThat(refused.err()).contains("--allow-client=w=client1: no volume=w is served here, but v");
    }
}
