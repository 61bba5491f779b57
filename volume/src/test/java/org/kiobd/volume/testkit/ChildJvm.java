package org.kiobd.volume.testkit;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/**
 * A second process: a main class of the tests in a JVM of its own, perhaps behind a program that gives it less than this one has. It is
 * killed when closed. One thread.
 */
public final class ChildJvm implements AutoCloseable {
    private static final int TIMEOUT_S = 60;

    private final Process process;
    private final BufferedReader output;

    /**
     * Starts it; what it prints, errors included, is read with {@link #nextLine} and {@link #rest}.
     *
     * @param through the command that is to run java, such as {@code unshare --user}; may be empty
     */
    public ChildJvm(List<String> through, Class<?> main, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(through);
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        String logging = System.getProperty("logback.configurationFile");
        if (logging != null) {
            command.add("-Dlogback.configurationFile=" + logging);
        }
        command.addAll(List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
        command.addAll(List.of("--enable-native-access=ALL-UNNAMED", "-Xmx256m", "-cp"));
        command.add(System.getProperty("java.class.path"));
        command.add(main.getName());
        command.addAll(List.of(arguments));
        process = new ProcessBuilder(command).redirectErrorStream(true).start();
        output = process.inputReader(StandardCharsets.UTF_8);
    }

    /** The next line it prints; an end without one is an error. */
    public String nextLine() throws IOException {
        String line = output.readLine();
        if (line == null) {
            throw new AssertionError("the child ended without saying more");
        }
        return line;
    }

    /** Everything else it prints, once it has ended. */
    public String rest() throws IOException {
        return output.lines().collect(Collectors.joining("\n"));
    }

    /** Waits for its end; its exit code. */
    public int exitCode() {
        return process.onExit().orTimeout(TIMEOUT_S, TimeUnit.SECONDS).join().exitValue();
    }

    /** Ends it as a crash would, and waits until it is gone. */
    public void kill() {
        process.destroyForcibly();
        exitCode();
    }

    @Override
    public void close() {
        kill();
    }
}
