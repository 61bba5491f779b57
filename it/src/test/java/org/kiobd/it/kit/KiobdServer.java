package org.kiobd.it.kit;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A running {@code kiobd serve} (or {@code up}): the real program as a process of its own, on the tests' own Java.
 *
 * <p>Netty's leak detection is at its strictest unless a test says otherwise. Everything the server prints is in its log file. Close it
 * always: a server that still runs is killed. Any thread.
 */
public final class KiobdServer implements AutoCloseable {
    /** The JVM's options where a test gives no others. */
    public static final String STRICT = "-Dio.netty.leakDetection.level=paranoid " + KiobdCommand.SHORT_LIVED;

    private static final Duration START_TIMEOUT = Duration.ofSeconds(60);
    private static final Duration EXIT_TIMEOUT = Duration.ofSeconds(30);
    private static final int LOG_TAIL_LINES = 20;
    private static final Pattern URI_TEXT = Pattern.compile("nbds?(\\+unix)?://[^\\s\"]+");
    private static final Pattern COUNTER = Pattern.compile("\"(\\w+)\"\\s*:\\s*(\\d+)");

    private final Process process;
    private final Path logFile;
    private final Thread reader;
    private final CompletableFuture<List<URI>> ready = new CompletableFuture<>();
    private volatile String countersLine = "";

    /** How to start a server; each method changes this object and returns it. */
    public static final class Setup {
        private final Path home;
        private List<String> prefix = List.of();
        private String jvmOptions = STRICT;
        private int readyLines = 1;
        private Optional<Path> logFile = Optional.empty();

        private Setup(Path home) {
            this.home = home;
        }

        /** Waits for this many ready lines: exports times listeners. The default is 1. */
        public Setup ready(int newReadyLines) {
            readyLines = newReadyLines;
            return this;
        }

        /** Starts the server through another command that execs it, e.g. {@code unshare -n}. */
        public Setup under(List<String> newPrefix) {
            prefix = List.copyOf(newPrefix);
            return this;
        }

        /** Starts the server without leak detection, which costs time and memory: for measurements and heavy work. */
        public Setup fast() {
            return jvm("");
        }

        /** Starts the server with these options for the JVM. */
        public Setup jvm(String newOptions) {
            jvmOptions = newOptions;
            return this;
        }

        /** Writes the log to {@code newLogFile}. By default it is a new file beside the home. */
        public Setup log(Path newLogFile) {
            logFile = Optional.of(newLogFile);
            return this;
        }

        /**
         * Runs {@code kiobd ARGUMENTS -o json} and waits until it is ready. Returned owned.
         *
         * @throws IllegalStateException with the end of the log when it does not get ready
         */
        public KiobdServer start(String... arguments) {
            List<String> line = new ArrayList<>(List.of(arguments));
            line.addAll(List.of("-o", "json"));
            try {
                Path log = logFile.isPresent()
                        ? logFile.get()
                        : Files.createTempFile(home.toAbsolutePath().getParent(), "server-", ".log");
                Process process = new ProcessBuilder(command().line(line))
                        .redirectErrorStream(true)
                        .redirectInput(ProcessBuilder.Redirect.from(
                                Path.of("/dev/null").toFile()))
                        .start();
                KiobdServer server = new KiobdServer(process, readyLines, log);
                server.awaitReady();
                return server;
            } catch (IOException e) {
                throw new UncheckedIOException("cannot start kiobd " + String.join(" ", arguments), e);
            }
        }

        private KiobdCommand command() {
            List<String> behind = new ArrayList<>(prefix);
            // A shell that runs the tests in the background has them ignore SIGINT, and a JVM leaves it at that.
            behind.addAll(List.of("env", "--default-signal=INT", "KIOBD_JAVA_OPTS=" + jvmOptions));
            return new KiobdCommand(home, behind);
        }
    }

    /**
     * How a server ended.
     *
     * @param code its exit code; 128 + signal when a signal ended it
     * @param counters what it counted, by name; empty when it could not say
     */
    private record Exit(int code, Map<String, Long> counters) {}

    private KiobdServer(Process process, int readyLines, Path logFile) {
        this.process = process;
        this.logFile = logFile;
        this.reader = new Thread(() -> read(readyLines), "kiobd-server-log");
        this.reader.setDaemon(true);
        this.reader.start();
    }

    /** Returns the setup of a server whose catalog is {@code home}. */
    public static Setup in(Path home) {
        return new Setup(home);
    }

    /** Returns the URI of its first export over TCP. */
    public String tcpUri() {
        return firstUri("nbd");
    }

    /** Returns the URI of its first export over a unix socket. */
    public String unixUri() {
        return firstUri("nbd+unix");
    }

    /** Returns the URI of its first export, whatever the transport. */
    public String uri() {
        return ready.join().get(0).toString();
    }

    /** Returns the URIs of all its exports and listeners, as its ready lines say. */
    public List<String> uris() {
        return ready.join().stream().map(URI::toString).toList();
    }

    private String firstUri(String scheme) {
        return ready.join().stream()
                .filter(uri -> uri.getScheme().equals(scheme))
                .map(URI::toString)
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("no " + scheme + " among " + ready.join()));
    }

    /** Returns the TCP port of its first export that has one. */
    public int port() {
        return ready.join().stream()
                .map(URI::getPort)
                .filter(port -> port > 0)
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("no TCP export in " + ready.join()));
    }

    /** Returns the process's number, for strace and the like. */
    public long pid() {
        return process.pid();
    }

    /** Returns whether the process still runs. */
    public boolean isAlive() {
        return process.isAlive();
    }

    /** Returns everything the server has printed so far. */
    public String log() {
        try {
            return Files.readString(logFile);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Sends SIGTERM. The server must end with 0, without a leaked buffer or a stack trace; its counters are returned. */
    public Map<String, Long> stop() {
        // Not Process.destroy(): it closes the pipe as well, and the counters are printed after the signal.
        process.toHandle().destroy();
        return endedWell(awaitExit());
    }

    /** Sends SIGINT, as Ctrl-C does; the end must be the same as that of {@link #stop}. */
    public Map<String, Long> interrupt() {
        HostCommand.output("kill", "-INT", String.valueOf(process.pid()));
        return endedWell(awaitExit());
    }

    /** Sends SIGKILL and waits for the end. */
    public void kill() {
        process.destroyForcibly();
        awaitExit();
    }

    private Map<String, Long> endedWell(Exit exit) {
        assertThat(exit.code()).as("exit code; log:\n%s", log()).isZero();
        assertThat(log()).doesNotContain("LEAK:").doesNotContain("Exception").doesNotContain("ERROR");
        assertThat(exit.counters())
                .as("counters in the last line; log:\n%s", log())
                .containsKey("memberOps");
        return exit.counters();
    }

    private Exit awaitExit() {
        try {
            if (!process.waitFor(EXIT_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)) {
                process.destroyForcibly();
                throw new IllegalStateException(
                        "kiobd did not end: timeoutMs=%d%n%s".formatted(EXIT_TIMEOUT.toMillis(), logTail()));
            }
            reader.join(EXIT_TIMEOUT.toMillis());
            Map<String, Long> counters = new LinkedHashMap<>();
            COUNTER.matcher(countersLine)
                    .results()
                    .forEach(match -> counters.put(match.group(1), Long.parseLong(match.group(2))));
            return new Exit(process.exitValue(), counters);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while kiobd ended", e);
        }
    }

    private void awaitReady() {
        try {
            ready.get(START_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException | TimeoutException e) {
            close();
            throw new IllegalStateException("kiobd did not get ready:%n%s".formatted(logTail()), e);
        } catch (InterruptedException e) {
            close();
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while kiobd started", e);
        }
    }

    private void read(int readyLines) {
        List<URI> uris = new ArrayList<>();
        try (BufferedReader output =
                        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
                BufferedWriter log = Files.newBufferedWriter(createParent(logFile))) {
            for (String line = output.readLine(); line != null; line = output.readLine()) {
                log.write(line);
                log.newLine();
                log.flush();
                Matcher uri = URI_TEXT.matcher(line);
                if (line.contains("ready") && uri.find()) {
                    uris.add(URI.create(uri.group()));
                    if (uris.size() == readyLines) {
                        ready.complete(List.copyOf(uris));
                    }
                }
                if (line.contains("\"memberOps\"")) {
                    countersLine = line;
                }
            }
            ready.completeExceptionally(new IllegalStateException("it ended; ready so far: " + uris));
        } catch (IOException e) {
            ready.completeExceptionally(e);
        }
    }

    private static Path createParent(Path file) throws IOException {
        Files.createDirectories(file.toAbsolutePath().getParent());
        return file;
    }

    private String logTail() {
        try {
            List<String> lines = Files.readAllLines(logFile);
            return String.join(
                    System.lineSeparator(), lines.subList(Math.max(0, lines.size() - LOG_TAIL_LINES), lines.size()));
        } catch (IOException e) {
            return "(no log: " + e + ")";
        }
    }

    @Override
    public void close() {
        if (process.isAlive()) {
            kill();
        }
    }
}
