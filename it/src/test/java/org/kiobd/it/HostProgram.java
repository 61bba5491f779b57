package org.kiobd.it;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Finds other people's programs on this host, and says which Debian package is missing when one is not there. */
public final class HostProgram {
    // sbin too: an ordinary user's PATH leaves it out, yet mke2fs and friends run there without being root.
    private static final List<String> SYSTEM_DIRECTORIES = List.of("/usr/sbin", "/usr/bin", "/sbin", "/bin");

    private HostProgram() {}

    /** The path of {@code program}; throws, naming {@code debianPackage} and {@code it/verify}, when it is missing. */
    public static Path require(String program, String debianPackage) {
        return find(program)
                .orElseThrow(() -> new IllegalStateException(
                        "program=%s is missing (Debian package %s): run it/verify, which installs what the tests need"
                                .formatted(program, debianPackage)));
    }

    /** The first executable called {@code program} in the system's folders, then in PATH. */
    public static Optional<Path> find(String program) {
        List<String> directories = new ArrayList<>(SYSTEM_DIRECTORIES);
        directories.addAll(List.of(System.getenv().getOrDefault("PATH", "").split(":", -1)));
        return directories.stream()
                .filter(directory -> !directory.isEmpty())
                .map(directory -> Path.of(directory, program))
                .filter(Files::isExecutable)
                .findFirst();
    }
}
