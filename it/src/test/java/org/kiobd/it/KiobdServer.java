package org.kiobd.it;

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
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A running {@code kiobd serve} (or {@code up}): the real program as a process of its own.
 *
 * <p>Everything it prints is in its log file. Close it always: it is killed if it still runs. Any thread.
 */
public final class KiobdServer implements AutoCloseable {
    private static final Duration START_TIMEOUT = Duration.ofSeconds(60);
    private static final Duration EXIT_TIMEOUT = Duration.ofSeconds(30);
    private static final Pattern URI_TEXT = Pattern.compile("nbds?(\\+unix)?://[^\\s\"]+");
    private static final Pattern COUNTER = Pattern.compile("\"(\\w+)\"\\s*:\\s*(\\d+)");

    private final Process process;
    private final Path logFile;
    private final Thread reader;
    private final CompletableFuture<List<URI>> ready = new CompletableFuture<>();
    private volatile String countersLine = "";

    private KiobdServer(Process process, int exports, Path logFile) {
        this.process = process;
        this.logFile = logFile;
        this.reader = new Thread(() -> read(exports), "kiobd-server-log");
        this.reader.setDaemon(true);
        this.reader.start();
    }

    /**
     * How a server ended.
     *
     * @param code its exit code; 128 + signal when a signal ended it
     * @param counters what it counted, by name; empty when it could not say
     */
    public record Exit(int code, Map<String, Long> counters) {}

    /**
     * Starts {@code kiobd ARGUMENTS -o json} and waits until it has announced {@code exports} exports. Returned owned.
     *
     * @throws IllegalStateException with the end of the log when it does not get ready
     */
    public static KiobdServer start(KiobdCommand kiobd, List<String> arguments, int exports, Path logFile) {
        List<String> line = new ArrayList<>(arguments);
        line.addAll(List.of("-o", "json"));
        try {
            Process process = new ProcessBuilder(kiobd.line(line))
                    .redirectErrorStream(true)
                    .redirectInput(
                            ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                    .start();
            KiobdServer server = new KiobdServer(process, exports, logFile);
            server.awaitReady();
            return server;
        } catch (IOException e) {
            throw new UncheckedIOException("cannot start kiobd " + String.join(" ", arguments), e);
        }
    }

    /** What it serves, one for each export and listener, as its ready lines say. */
    public List<URI> exports() {
        return ready.join();
    }

    /** The TCP port of its first export that has one. */
    public int port() {
        return exports().stream()
                .map(URI::getPort)
                .filter(port -> port > 0)
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("no TCP export in " + exports()));
    }

    /** The process, for strace and the like. */
    public long pid() {
        return process.pid();
    }

    /** Whether it still runs. */
    public boolean isAlive() {
        return process.isAlive();
    }

    /** SIGTERM; waits for the end. */
    public Exit terminate() {
        // Not Process.destroy(): it closes the pipe as well, and the counters are printed after the signal.
        process.toHandle().destroy();
        return awaitExit();
    }

    /** SIGINT, as Ctrl-C sends it; waits for the end. */
    public Exit interrupt() {
        HostCommand.output("kill", "-INT", String.valueOf(process.pid()));
        return awaitExit();
    }

    /** SIGKILL; waits for the end. */
    public Exit kill() {
        process.destroyForcibly();
        return awaitExit();
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

    private void read(int exports) {
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
                    if (uris.size() == exports) {
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
            return String.join(System.lineSeparator(), lines.subList(Math.max(0, lines.size() - 20), lines.size()));
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
