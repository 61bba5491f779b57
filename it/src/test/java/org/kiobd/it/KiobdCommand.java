package org.kiobd.it;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * The {@code kiobd} command of this checkout with a home of its own, run as a user runs it: through the launcher.
 *
 * @param home its {@code --home}
 */
public record KiobdCommand(Path home) {
    private static final Duration TIMEOUT = Duration.ofSeconds(60);

    /** Runs {@code kiobd ARGUMENTS}; throws when it cannot be run, not when it fails. */
    public HostCommand.Result run(String... arguments) {
        return HostCommand.run(TIMEOUT, line(List.of(arguments)));
    }

    /** Runs {@code kiobd ARGUMENTS} and returns what it printed; throws when it fails. */
    public String output(String... arguments) {
        return HostCommand.output(TIMEOUT, line(List.of(arguments)));
    }

    /** The whole command line for {@code arguments}. */
    public List<String> line(List<String> arguments) {
        List<String> line = new ArrayList<>(List.of(launcher().toString()));
        line.addAll(arguments);
        line.addAll(List.of("--home", home.toString()));
        return line;
    }

    private static Path launcher() {
        String root = System.getProperty("kiobd.root");
        if (root == null) {
            throw new IllegalStateException("system property kiobd.root is not set: run the tests through ./mvnw");
        }
        Path launcher = Path.of(root, "kiobd");
        if (!Files.isExecutable(launcher)) {
            throw new IllegalStateException("the launcher=%s is missing or not executable".formatted(launcher));
        }
        return launcher;
    }
}
