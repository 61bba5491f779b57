package org.kiobd.it.kit;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Finds other people's programs on this host, and says which Debian package is missing when one is not there. */
public final class HostProgram {
    // sbin too: an ordinary user's PATH leaves it out, yet mke2fs and friends run there without being root.
    private static final List<String> SYSTEM_DIRECTORIES = List.of("/usr/sbin", "/usr/bin", "/sbin", "/bin");

    private HostProgram() {}

    /** The path of {@code program}; throws, naming {@code debianPackage} and {@code it/verify}, when it is missing. */
    public static Path require(String program, String debianPackage) {
        return requireAll(Map.of(program, debianPackage)).values().iterator().next();
    }

    /** The paths of several programs, given with the package of each; throws naming all that are missing. */
    public static Map<String, Path> requireAll(Map<String, String> debianPackages) {
        Map<String, Path> found = new TreeMap<>();
        Map<String, String> missing = new TreeMap<>();
        debianPackages.forEach((program, debianPackage) -> find(program)
                .ifPresentOrElse(path -> found.put(program, path), () -> missing.put(program, debianPackage)));
        if (!missing.isEmpty()) {
            throw new IllegalStateException(
                    "programs missing, with their Debian packages: %s; run it/verify, which installs what the tests need"
                            .formatted(missing));
        }
        return found;
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
