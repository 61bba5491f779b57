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
 * @param prefix what runs it, for one {@code env X=Y} or {@code setpriv ...}; must exec it, so that its process is the program's
 */
public record KiobdCommand(Path home, List<String> prefix) {
    private static final Duration TIMEOUT = Duration.ofSeconds(60);

    /** Run as it is. */
    public KiobdCommand(Path home) {
        this(home, List.of());
    }

    public KiobdCommand {
        prefix = List.copyOf(prefix);
    }

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
        List<String> line = new ArrayList<>(prefix);
        line.add(launcher().toString());
        line.addAll(arguments);
        line.addAll(List.of("--home", home.toString()));
        return line;
    }

    /** The launcher of the tree under test. */
    public static Path launcher() {
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
