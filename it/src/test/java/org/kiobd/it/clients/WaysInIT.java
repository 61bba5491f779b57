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
import org.kiobd.it.kit.KiobdCommand;
import org.kiobd.it.kit.KiobdServer;

/** How a server is started by others, where it listens, and what it ends with. */
@Timeout(120)
final class WaysInIT {
    private static final Duration TIMEOUT = Duration.ofSeconds(60);
    private static final String NAME = "v";
    private static final long SIZE_BYTES = 32 << 20;

    @TempDir
    private static Path folder;

    @BeforeAll
    static void makeVolume() {
        KiobdCli.ok(home(), "create", NAME, "--size", String.valueOf(SIZE_BYTES));
        Peer.require("nbdinfo");
        Peer.require("nbdcopy");
    }

    private static Path home() {
        return folder.resolve("home");
    }

    /** {@code kiobd ARGUMENTS}, as another program starts it. */
    private static List<String> kiobd(String... arguments) {
        return new KiobdCommand(home(), List.of()).line(List.of(arguments));
    }

    private static HostCommand.Result run(List<String> command) {
        return HostCommand.run(TIMEOUT, command);
    }

    private static List<String> joined(List<String> before, List<String> command, String... behind) {
        List<String> all = new ArrayList<>(before);
        all.addAll(command);
        all.addAll(List.of(behind));
        return all;
    }

    @Test
    void runServesWhileTheCommandRunsAndEndsWithItsCode() {
        HostCommand.Result result = run(
                kiobd("serve", NAME, "--run", "nbdinfo --size \"$uri\"; echo \"$exportname $port\" \"$nbd\"; exit 7"));
        assertThat(result.exitCode()).as(result.output()).isEqualTo(7);
        assertThat(result.output().lines().toList()).hasSize(2).first().isEqualTo(String.valueOf(SIZE_BYTES));
        assertThat(result.output()).contains(NAME + "  nbd:unix:");

        HostCommand.Result tcp =
                run(kiobd("serve", NAME, "--listen", "127.0.0.1:0", "--run", "nbdinfo --size nbd://127.0.0.1:$port/v"));
        assertThat(tcp.output().strip()).isEqualTo(String.valueOf(SIZE_BYTES));
        assertThat(tcp.exitCode()).isZero();
    }

    @Test
    void aSignalEndsTheCommandAndWhatItHasStarted() {
        Path pid = folder.resolve("child.pid");
        // The shell of --run waits for a child of its own: it has to be ended as well, and the socket's folder be gone.
        String command =
                "sleep 1000 & echo $! $unixsocket >'" + pid + ".new'; mv '" + pid + ".new' '" + pid + "'; wait; wait";
        String script = "\"$@\" & server=$!; for i in $(seq 300); do [ -e '" + pid + "' ] && break; sleep 0.1; done;"
                + " read child socket <'" + pid + "'; kill $server; wait $server; echo ended=$?;"
                + " for i in $(seq 300); do kill -0 $child 2>/dev/null || break; sleep 0.1; done;"
                + " kill $child 2>/dev/null && echo outlived; [ -e \"${socket%/*}\" ] && echo left; true";
        HostCommand.Result result =
                run(joined(List.of("bash", "-c", script, "bash"), kiobd("serve", NAME, "--run", command)));
        assertThat(result.output().strip()).isEqualTo("ended=0");
    }

    @ParameterizedTest
    @ValueSource(strings = {"tcp", "unix"})
    void socketsThatWerePassedInAreServed(String kind) {
        HostProgram.require("systemd-socket-activate", "systemd");
        String address =
                kind.equals("tcp") ? "" : folder.resolve("activated.sock").toString();
        String listen = kind.equals("tcp") ? "127.0.0.1:" + freePort() : address;
        String uri = kind.equals("tcp") ? "nbd://" + listen + "/" + NAME : "nbd+unix:///" + NAME + "?socket=" + address;
        List<String> activate = joined(List.of("systemd-socket-activate", "-l", listen), kiobd("serve", NAME));
        String script = "\"$@\" & pid=$!; for i in $(seq 100); do nbdinfo --size '" + uri
                + "' 2>/dev/null && break; sleep 0.1; done; kill $pid; wait $pid; echo ended=$?";
        HostCommand.Result result = run(joined(List.of("bash", "-c", script, "bash"), activate));
        assertThat(result.output()).contains(String.valueOf(SIZE_BYTES)).contains("ended=0");
    }

    private static int freePort() {
        try (java.net.ServerSocket socket = new java.net.ServerSocket(0)) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @Test
    void libnbdStartsItWithASocketItListensOn() throws IOException {
        byte[] data = new byte[3 << 20];
        new Random(0x77617973).nextBytes(data);
        Path sent = Files.write(folder.resolve("sent"), data);
        Path back = folder.resolve("back");
        List<String> server = joined(List.of("["), kiobd("serve", NAME), "]");
        assertThat(run(joined(List.of("nbdcopy", "--", sent.toString()), server))
                        .exitCode())
                .isZero();
        assertThat(run(joined(joined(List.of("nbdcopy", "--"), server), List.of(back.toString())))
                        .exitCode())
                .isZero();
        HostCommand.output(
                TIMEOUT, List.of("cmp", "-n", String.valueOf(data.length), sent.toString(), back.toString()));
    }

    @Test
    void oneClientOnStandardInput() {
        HostProgram.require("nbdsh", "python3-libnbd");
        String server = String.join(
                ",",
                kiobd("serve", NAME, "--single").stream()
                        .map(word -> "'" + word + "'")
                        .toList());
        String script = "h.connect_command([" + server + "]); h.pwrite(b'one', 512); h.flush();"
                + " assert h.pread(3, 512) == b'one'; print(h.get_size()); h.shutdown()";
        HostCommand.Result result = run(List.of("env", "PATH=/usr/bin:/bin", "nbdsh", "-c", script));
        assertThat(result.output().strip()).isEqualTo(String.valueOf(SIZE_BYTES));
        assertThat(KiobdCli.ok(home(), "check", NAME)).contains("intact");
    }

    @Test
    void standardInputThatIsNoSocketIsRefused() {
        HostCommand.Result result = run(kiobd("serve", NAME, "--single"));
        assertThat(result.exitCode()).isEqualTo(1);
        assertThat(result.output().lines().toList())
                .hasSize(1)
                .first()
                .asString()
                .contains("fd=0 is not a socket");
        HostCommand.Result both = run(kiobd("serve", NAME, "--single", "--listen", "127.0.0.1:0"));
        assertThat(both.exitCode()).isEqualTo(2);
    }

    @Test
    void itEndsWithItsParent() {
        Path socket = folder.resolve("parent.sock");
        Path log = folder.resolve("parent.log");
        String uri = "nbd+unix:///" + NAME + "?socket=" + socket;
        String script = "\"$@\" >'" + log + "' 2>&1 & for i in $(seq 100); do nbdinfo --size '" + uri
                + "' 2>/dev/null && exit; sleep 0.1; done";
        run(joined(
                List.of("bash", "-c", script, "bash"),
                kiobd("serve", NAME, "--unix", socket.toString(), "--exit-with-parent")));
        HostCommand.Result gone = run(List.of(
                "bash", "-c", "for i in $(seq 100); do [ -e '" + socket + "' ] || exit 0; sleep 0.1; done; exit 1"));
        assertThat(gone.exitCode()).as("the server outlived its parent").isZero();
        assertThat(KiobdCli.ok(home(), "check", NAME)).contains("intact");
    }

    @Test
    void severalAddressesIpv6AndAPidFile() throws IOException {
        Path pidFile = folder.resolve("pid");
        String unix = folder.resolve("also.sock").toString();
        try (KiobdServer server = KiobdServer.in(home())
                .ready(3)
                .start(
                        "serve",
                        NAME,
                        "--listen",
                        "127.0.0.1:0",
                        "--listen",
                        "[::1]:0",
                        "--unix",
                        unix,
                        "--pidfile",
                        pidFile.toString())) {
            assertThat(server.uris()).hasSize(3).anyMatch(uri -> uri.startsWith("nbd://[::1]:"));
            for (String uri : server.uris()) {
                assertThat(HostCommand.output(TIMEOUT, List.of("nbdinfo", "--size", uri))
                                .strip())
                        .isEqualTo(String.valueOf(SIZE_BYTES));
            }
            assertThat(server.log()).containsPattern("nbd-client ::1 \\d+ -N " + NAME);
            assertThat(Files.readString(pidFile).strip()).isEqualTo(String.valueOf(server.pid()));
            server.stop();
            assertThat(pidFile).doesNotExist();
            assertThat(server.log())
                    .doesNotContain("WARN")
                    .contains("peer=[::1]:")
                    .contains("peer=127.0.0.1:");
        }
    }

    @Test
    void anAddressOthersCanReachWithoutTlsIsWarnedOf() {
        try (KiobdServer server = KiobdServer.in(home()).start("serve", NAME, "--listen", "0.0.0.0:0")) {
            server.stop();
            assertThat(server.log())
                    .contains("can be reached from other machines")
                    .contains("--tls-certificates");
        }
    }

    @Test
    void theLogMayBeJson() {
        try (KiobdServer server =
                KiobdServer.in(home()).start("serve", NAME, "--listen", "127.0.0.1:0", "--log-format", "json")) {
            HostCommand.output(TIMEOUT, List.of("nbdinfo", "--size", server.uri()));
            server.stop();
            assertThat(server.log().lines().filter(line -> line.contains("connection=1")))
                    .isNotEmpty()
                    .allMatch(line -> line.startsWith("{") && line.contains("\"level\":\"INFO\""));
        }
        try (KiobdServer server =
                KiobdServer.in(home()).start("serve", NAME, "--listen", "127.0.0.1:0", "--log-level", "warn")) {
            HostCommand.output(TIMEOUT, List.of("nbdinfo", "--size", server.uri()));
            server.stop();
            assertThat(server.log()).doesNotContain("connection=1");
        }
    }
}
