package org.kiobd.it.clients;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.kiobd.it.KiobdCommand;
import org.kiobd.it.KiobdServer;

/**
 * A {@link KiobdServer} on the tests' own Java, with Netty's leak detection at its strictest unless it is told to be fast, and a log
 * in the test's folder. Close it always. Any thread.
 */
final class Server implements AutoCloseable {
    /** The JVM's options where nothing else is said. */
    static final String STRICT = "-Dio.netty.leakDetection.level=paranoid";

    private final KiobdServer server;
    private final Path log;

    /** How to start one; each method changes this object and returns it. */
    static final class Setup {
        private final Path home;
        private List<String> prefix = List.of();
        private String jvmOptions = STRICT;
        private int readyLines = 1;

        private Setup(Path home) {
            this.home = home;
        }

        /** Waits for this many ready lines: exports times listeners; 1 if not said. */
        Setup ready(int newReadyLines) {
            readyLines = newReadyLines;
            return this;
        }

        /** Starts it behind another command that execs it, for one {@code unshare}. */
        Setup under(List<String> newPrefix) {
            prefix = List.copyOf(newPrefix);
            return this;
        }

        /** Without leak detection, which costs time and memory: for what is measured. */
        Setup fast() {
            jvmOptions = "";
            return this;
        }

        /** With these options for the JVM. */
        Setup jvm(String newOptions) {
            jvmOptions = newOptions;
            return this;
        }

        /** Runs {@code kiobd ARGUMENTS} and waits until it is ready. */
        Server start(String... arguments) {
            List<String> behind = new ArrayList<>(prefix);
            // A shell that runs the tests in the background has them ignore SIGINT, and a JVM leaves it at that.
            behind.addAll(List.of(
                    "env",
                    "--default-signal=INT",
                    "JAVA_HOME=" + System.getProperty("java.home"),
                    "KIOBD_JAVA_OPTS=" + jvmOptions));
            try {
                Path log = Files.createTempFile(home.toAbsolutePath().getParent(), "server-", ".log");
                KiobdCommand command = new KiobdCommand(home, behind);
                return new Server(KiobdServer.start(command, List.of(arguments), readyLines, log), log);
            } catch (IOException e) {
                throw new UncheckedIOException("no log beside home=" + home, e);
            }
        }
    }

    private Server(KiobdServer server, Path log) {
        this.server = server;
        this.log = log;
    }

    /** A server whose catalog is {@code home}. */
    static Setup in(Path home) {
        return new Setup(home);
    }

    String tcpUri() {
        return firstUri("nbd");
    }

    String unixUri() {
        return firstUri("nbd+unix");
    }

    /** Of its first export, whatever it is. */
    String uri() {
        return server.exports().get(0).toString();
    }

    /** Of all its exports and listeners. */
    List<String> uris() {
        return server.exports().stream().map(URI::toString).toList();
    }

    private String firstUri(String scheme) {
        return server.exports().stream()
                .filter(uri -> uri.getScheme().equals(scheme))
                .map(URI::toString)
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("no " + scheme + " among " + server.exports()));
    }

    long pid() {
        return server.pid();
    }

    boolean isAlive() {
        return server.isAlive();
    }

    /** SIGTERM; it has to end in 0, without a leaked buffer or a stack trace, and its counters are returned. */
    Map<String, Long> stop() {
        return endedWell(server.terminate());
    }

    /** SIGINT; the same has to come of it. */
    Map<String, Long> interrupt() {
        return endedWell(server.interrupt());
    }

    private Map<String, Long> endedWell(KiobdServer.Exit exit) {
        assertThat(exit.code()).as("exit code; log:\n%s", log()).isZero();
        assertThat(log()).doesNotContain("LEAK:").doesNotContain("Exception").doesNotContain("ERROR");
        assertThat(exit.counters())
                .as("counters in the last line; log:\n%s", log())
                .containsKey("memberOps");
        return exit.counters();
    }

    /** SIGKILL. */
    void kill() {
        server.kill();
    }

    /** Everything it has said. */
    String log() {
        try {
            return Files.readString(log);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        server.close();
    }
}
