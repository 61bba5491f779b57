package org.kiobd.it.vm;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * The folder outside the tree where fetched kernels and built images stay: {@code $XDG_CACHE_HOME/kiobd-it}, else
 * {@code ~/.cache/kiobd-it}. Deleting it is always safe; the next run fetches again.
 *
 * <p>An entry appears by one rename when it is complete, so two test runs may fill the cache at the same time and a
 * run that was killed leaves nothing that looks finished.
 */
final class GuestCache {
    private static final String WORK_PREFIX = ".new-";
    private static final Duration ABANDONED_AFTER = Duration.ofHours(1);

    private GuestCache() {}

    /** The folder for {@code kind}, created if missing. */
    static Path directory(String kind) throws IOException {
        String xdg = System.getenv().getOrDefault("XDG_CACHE_HOME", "");
        Path base = xdg.isEmpty() ? Path.of(System.getProperty("user.home"), ".cache") : Path.of(xdg);
        return Files.createDirectories(base.resolve("kiobd-it").resolve(kind));
    }

    /** A fresh folder to prepare an entry in, on the same file system as the entry will be. */
    static Path workDirectory(Path parent) throws IOException {
        long abandonedMs = System.currentTimeMillis() - ABANDONED_AFTER.toMillis();
        try (DirectoryStream<Path> left = Files.newDirectoryStream(parent, WORK_PREFIX + "*")) {
            for (Path directory : left) {
                if (Files.getLastModifiedTime(directory).toMillis() < abandonedMs) {
                    deleteTree(directory);
                }
            }
        }
        return Files.createTempDirectory(parent, WORK_PREFIX);
    }

    /** Makes {@code prepared} the entry {@code entry}; when another run was first, that run's entry stays. */
    static Path publish(Path prepared, Path entry) throws IOException {
        try {
            Files.move(prepared, entry, StandardCopyOption.ATOMIC_MOVE);
        } catch (FileSystemException e) {
            if (!Files.exists(entry)) {
                throw e;
            }
        }
        return entry;
    }

    /** Removes {@code directory} and all below it. */
    static void deleteTree(Path directory) throws IOException {
        if (!Files.exists(directory)) {
            return;
        }
        List<Path> deepestFirst;
        try (Stream<Path> paths = Files.walk(directory)) {
            deepestFirst = paths.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path path : deepestFirst) {
            Files.delete(path);
        }
    }
}
