package org.kiobd.it.kit;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The command line of this checkout's {@code kiobd} with a home of its own, as a user runs it: through the launcher.
 *
 * @param home its {@code --home}
 * @param prefix the command that runs it, e.g. {@code setpriv ...}; it must exec the program, so that its process is the program's
 */
public record KiobdCommand(Path home, List<String> prefix) {
    /**
     * Options for the JVM of a server that does little. One that lives for a second spends half its processor time in the second compiler,
     * which a sample leaves out.
     */
    static final String SHORT_LIVED = RunLength.current() == RunLength.FULL ? "" : "-XX:TieredStopAtLevel=1";

    public KiobdCommand {
        prefix = List.copyOf(prefix);
    }

    /** Returns the whole command line for {@code arguments}. */
    public List<String> line(List<String> arguments) {
        List<String> line = new ArrayList<>(prefix);
        // The tests' own Java, so that a lane on another JDK tests that JDK.
        line.addAll(List.of("env", "JAVA_HOME=" + System.getProperty("java.home")));
        line.add(launcher().toString());
        line.addAll(arguments);
        line.addAll(List.of("--home", home.toString()));
        return line;
    }

    /** Returns the launcher of the tree under test. */
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
