package org.kiobd.it.vm;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * A running guest: an emulated machine with a real Linux kernel that runs one script and powers itself off.
 *
 * <p>Booting returns at once; {@link #awaitCase} waits for one result. Close it always: the emulator is killed if it
 * still runs, and the temporary files go. Methods may be called from any thread.
 */
public final class Guest implements AutoCloseable {
    private static final Duration BOOT_TIMEOUT = Duration.ofSeconds(150);
    private static final Duration EXIT_TIMEOUT = Duration.ofSeconds(10);

    private final GuestTranscript transcript;
    private final GuestReport report;
    private final GuestChannel channel;
    private final Process emulator;
    private final Path directory;
    private final Thread lineReader;
    private final Thread consoleReader;
    private final Thread watchdog;
    private final long deadlineNanos;

    private Guest(Setup setup, Path directory, GuestTranscript transcript) throws IOException {
        this.directory = directory;
        this.transcript = transcript;
        this.report = new GuestReport(setup.script().cases(), transcript::tail);
        Path socket = directory.resolve("line");
        this.channel = new GuestChannel(socket, transcript);
        this.emulator = new ProcessBuilder(
                        Emulator.command(setup.kernel(), directory, setup.script(), Emulator.reporting(socket)))
                .redirectErrorStream(true)
                .start();
        this.deadlineNanos = System.nanoTime() + setup.timeout().toNanos();
        this.lineReader = start("guest-line", () -> channel.serve(setup.commands(), this::accept));
        this.consoleReader = start("guest-console", this::readConsole);
        this.watchdog = start("guest-watchdog", this::watch);
    }

    /**
     * What to boot and run.
     *
     * @param kernel the kernel
     * @param script the script and its variables
     * @param commands what the script may ask of the host
     * @param timeout for the whole run; the emulator is killed after it
     */
    public record Setup(GuestKernel kernel, GuestScript script, HostCommands commands, Duration timeout) {}

    /** Boots; the transcript goes to {@code logFile} and, line by line, to {@code echo}. Returned owned: close it. */
    public static Guest boot(Setup setup, Path logFile, Consumer<String> echo) {
        try {
            GuestTranscript transcript = new GuestTranscript(logFile, echo);
            transcript.add(
                    "host", "boots " + setup.kernel() + " for " + setup.script().name());
            // Short on purpose: a unix socket's path may have 107 bytes, and a checkout can lie deep.
            return new Guest(setup, Files.createTempDirectory("kiobd-vm-"), transcript);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot boot " + setup.kernel(), e);
        }
    }

    /** Waits until the script runs, for a minute at most; returns the guest's uptime in seconds and its kernel's release. */
    public String awaitUp() {
        return report.awaitUp(Math.min(BOOT_TIMEOUT.toMillis(), remainingMs()));
    }

    /** Waits for the case's result; throws {@link AssertionError} with reason and transcript when it failed. */
    public void awaitCase(String name) {
        check(name, report.await(name, remainingMs()));
    }

    /** Waits for the end of the script; throws {@link AssertionError} when a case has no result. */
    public void awaitEnd() {
        check("end of the script", report.awaitEnd(remainingMs()));
    }

    /** The figures the script gave so far, in order. */
    public Map<String, String> facts() {
        return report.facts();
    }

    private void check(String name, GuestReport.Result result) {
        if (!result.passed()) {
            throw new AssertionError(
                    "in the guest, %s failed: %s%n%s".formatted(name, result.reason(), result.transcript()));
        }
    }

    /** A little longer than the watchdog has, so that its words are what a test that waits for too long reports. */
    private long remainingMs() {
        return Math.max(0, TimeUnit.NANOSECONDS.toMillis(deadlineNanos - System.nanoTime())) + EXIT_TIMEOUT.toMillis();
    }

    private void accept(String line) {
        try {
            report.accept(line);
        } catch (RuntimeException e) {
            // A script that breaks the protocol: nothing it says after this can be trusted.
            report.ended(e.toString());
        }
    }

    private void readConsole() {
        try (BufferedReader console =
                new BufferedReader(new InputStreamReader(emulator.getInputStream(), StandardCharsets.ISO_8859_1))) {
            for (String line = console.readLine(); line != null; line = console.readLine()) {
                transcript.add("kernel", line);
            }
        } catch (IOException e) {
            transcript.add("host", "the guest's console broke: " + e);
        }
    }

    private void watch() {
        try {
            if (!emulator.waitFor(Math.max(0, deadlineNanos - System.nanoTime()), TimeUnit.NANOSECONDS)) {
                transcript.add("host", "the guest's time is over: killed");
                emulator.destroyForcibly();
                report.ended("the guest's time was over");
            } else {
                // The last lines may still be in the socket: the reader has them all when its thread ends. Closing
                // only ends the wait of a reader to which no emulator ever came.
                channel.close();
                lineReader.join(EXIT_TIMEOUT.toMillis());
                report.ended("the emulator exited with exitCode=" + emulator.exitValue());
            }
        } catch (IOException | InterruptedException e) {
            report.ended("the guest was closed: " + e);
        }
    }

    private static Thread start(String name, Runnable body) {
        Thread thread = new Thread(body, name);
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    @Override
    public void close() {
        try {
            if (!emulator.waitFor(report.hasEnded() ? EXIT_TIMEOUT.toMillis() : 0, TimeUnit.MILLISECONDS)) {
                emulator.destroyForcibly().waitFor();
            }
            channel.close();
            for (Thread thread : List.of(lineReader, consoleReader, watchdog)) {
                thread.join(EXIT_TIMEOUT.toMillis());
            }
            transcript.close();
            GuestCache.deleteTree(directory);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot clean up after the guest: directory=" + directory, e);
        } catch (InterruptedException e) {
            emulator.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
