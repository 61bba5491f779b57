package org.kiobd.it.kit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A short program run on this host and waited for, bounded in time.
 *
 * <p>Output goes to a temporary file rather than a pipe: a program that leaves a child holding the pipe, or one that
 * prints more than a pipe holds, can then never block the test that started it. Any thread.
 */
public final class HostCommand {
    private static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(60);

    private HostCommand() {}

    /**
     * What a finished program left: its exit code and everything it printed, standard error included.
     *
     * @param exitCode as the program gave it; 128 + signal when a signal ended it
     * @param output both streams, in the order they were written
     */
    public record Result(int exitCode, String output) {}

    /** Runs {@code command} for at most a minute and returns what it printed; a non-zero exit code throws. */
    public static String output(String... command) {
        return output(DEFAULT_TIMEOUT, List.of(command));
    }

    /** Runs {@code command} for at most {@code timeout} and returns what it printed; a non-zero exit code throws. */
    public static String output(Duration timeout, List<String> command) {
        Result result = run(timeout, command);
        if (result.exitCode() != 0) {
            throw new IllegalStateException("`%s` failed: exitCode=%d output=%s"
                    .formatted(
                            String.join(" ", command),
                            result.exitCode(),
                            result.output().strip()));
        }
        return result.output();
    }

    /** Runs {@code command}; throws only when it cannot be started or outlives {@code timeout} (it is then killed). */
    public static Result run(Duration timeout, List<String> command) {
        try {
            Path output = Files.createTempFile("kiobd-it-", ".out");
            try {
                Process process = new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectOutput(output.toFile())
                        .redirectInput(ProcessBuilder.Redirect.from(
                                Path.of("/dev/null").toFile()))
                        .start();
                if (!process.waitFor(timeout.toMillis(), TimeUnit.MILLISECONDS)) {
                    process.descendants().forEach(ProcessHandle::destroyForcibly);
                    process.destroyForcibly();
                    throw new IllegalStateException("`%s` still ran after timeoutMs=%d; killed; output=%s"
                            .formatted(String.join(" ", command), timeout.toMillis(), Files.readString(output)));
                }
                return new Result(process.exitValue(), Files.readString(output, StandardCharsets.UTF_8));
            } finally {
                Files.delete(output);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot run `" + String.join(" ", command) + "`", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while running `" + String.join(" ", command) + "`", e);
        }
    }
}
