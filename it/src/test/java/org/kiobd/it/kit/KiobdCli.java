package org.kiobd.it.kit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Runs {@code kiobd} commands to their end, with the two output streams kept apart. Any thread. */
public final class KiobdCli {
    private static final int TIMEOUT_SECONDS = 60;

    private KiobdCli() {}

    /**
     * What a finished command left.
     *
     * @param out standard output
     * @param err standard error
     */
    public record Result(int exitCode, String out, String err) {

        /** Lines on standard error, for people. */
        public List<String> errorLines() {
            return err.lines().filter(line -> !line.isBlank()).toList();
        }
    }

    /** Runs {@code kiobd ARGUMENTS --home HOME}. */
    public static Result run(Path home, String... arguments) {
        return run(List.of(), home, arguments);
    }

    /** Runs {@code kiobd ARGUMENTS --home HOME} through {@code prefix}, e.g. {@code setpriv ...}, which must exec it. */
    public static Result run(List<String> prefix, Path home, String... arguments) {
        List<String> behind = new ArrayList<>(prefix);
        behind.addAll(List.of("env", "KIOBD_JAVA_OPTS=" + KiobdCommand.SHORT_LIVED));
        List<String> line = new KiobdCommand(home, behind).line(List.of(arguments));
        try {
            Path out = Files.createTempFile("kiobd-it-", ".out");
            Path err = Files.createTempFile("kiobd-it-", ".err");
            try {
                Process process = new ProcessBuilder(line)
                        .redirectInput(ProcessBuilder.Redirect.from(
                                Path.of("/dev/null").toFile()))
                        .redirectOutput(out.toFile())
                        .redirectError(err.toFile())
                        .start();
                if (!process.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
                    process.destroyForcibly();
                    throw new IllegalStateException("kiobd " + String.join(" ", arguments) + " still ran after "
                            + TIMEOUT_SECONDS + " s; killed; stdout=" + Files.readString(out) + " stderr="
                            + Files.readString(err));
                }
                return new Result(process.exitValue(), Files.readString(out), Files.readString(err));
            } finally {
                Files.delete(out);
                Files.delete(err);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot run " + line, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while running " + line, e);
        }
    }

    /** Runs a command that has to work, and returns its standard output. */
    public static String ok(Path home, String... arguments) {
        Result result = run(home, arguments);
        if (result.exitCode() != 0) {
            throw new IllegalStateException("kiobd " + String.join(" ", arguments) + " failed: exitCode="
                    + result.exitCode() + " stderr=" + result.err().strip());
        }
        return result.out();
    }
}
