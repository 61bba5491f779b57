package org.kiobd.it.vm;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.kiobd.it.kit.HostCommand;

/**
 * Read-only file systems for guests that run kiobd themselves: one with the tests' own Java, cached for as long as that Java stays, and one
 * with the program as it is built, without the libraries of the stores.
 */
final class GuestProgram {
    /** Folders of a JDK that no running program needs. */
    private static final Set<String> NEEDLESS = Set.of("jmods", "demo", "man", "include", "legal");

    private static final Set<String> NEEDLESS_FILES = Set.of("src.zip", "ct.sym", "classes_nocoops.jsa");
    private static final long SPARE_BYTES = 8L << 20;

    private GuestProgram() {}

    /** Returns the image with Java; its programs are in {@code bin}. */
    static Path java() {
        Path home = Path.of(System.getProperty("java.home"));
        String key = System.getProperty("java.vm.name").replaceAll("[^A-Za-z0-9]+", "-") + "-"
                + System.getProperty("java.vm.version");
        return image("java", key, stage -> copy(home, stage));
    }

    /** Returns the image with {@code kiobd.jar}, its libraries, and in {@code classes} the program that exercises a file. */
    static Path kiobd() {
        Path target = Path.of("../cli/target").toAbsolutePath().normalize();
        Path exerciser = Path.of("target/test-classes/org/kiobd/it/exerciser/FileExerciser.class");
        try {
            List<Path> libraries = libraries(target.resolve("lib"));
            List<Path> all = new ArrayList<>(libraries);
            all.addAll(List.of(target.resolve("kiobd.jar"), exerciser));
            long newestMs = 0;
            for (Path file : all) {
                newestMs = Math.max(newestMs, Files.getLastModifiedTime(file).toMillis());
            }
            return image("kiobd", newestMs + "-" + all.size(), stage -> {
                Files.copy(target.resolve("kiobd.jar"), stage.resolve("kiobd.jar"));
                Path folder = Files.createDirectory(stage.resolve("lib"));
                for (Path library : libraries) {
                    Files.copy(library, folder.resolve(library.getFileName()));
                }
                Path classes = Files.createDirectories(stage.resolve("classes/org/kiobd/it/exerciser"));
                Files.copy(exerciser, classes.resolve(exerciser.getFileName()));
            });
        } catch (IOException e) {
            throw new UncheckedIOException("the program is not built in " + target, e);
        }
    }

    private static List<Path> libraries(Path folder) throws IOException {
        try (Stream<Path> jars = Files.list(folder)) {
            return jars.filter(jar -> !jar.getFileName().toString().startsWith("rocksdbjni"))
                    .toList();
        }
    }

    @FunctionalInterface
    private interface Staging {
        void fill(Path stage) throws IOException;
    }

    private static Path image(String kind, String key, Staging staging) {
        try {
            Path directory = GuestCache.directory(kind);
            Path image = directory.resolve(key + ".ext4");
            return Files.exists(image) ? image : build(directory, image, staging);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot build the guest's " + kind, e);
        }
    }

    private static Path build(Path directory, Path image, Staging staging) throws IOException {
        Path work = GuestCache.workDirectory(directory);
        try {
            Path stage = Files.createDirectory(work.resolve("stage"));
            staging.fill(stage);
            long sizeBytes = Long.parseLong(HostCommand.output("du", "-s", "--block-size=1", stage.toString())
                                    .split("\\s", 2)[0])
                            * 9
                            / 8
                    + SPARE_BYTES;
            Path prepared = work.resolve("image.ext4");
            GuestImage.makeFileSystem(stage, prepared, sizeBytes);
            return GuestCache.publish(prepared, image);
        } finally {
            GuestCache.deleteTree(work);
        }
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> entries = Files.list(from)) {
            for (Path entry : entries.toList()) {
                String name = entry.getFileName().toString();
                Path target = to.resolve(name);
                if (Files.isDirectory(entry) && !NEEDLESS.contains(name)) {
                    Files.createDirectory(target);
                    copy(entry, target);
                } else if (Files.isRegularFile(entry) && !NEEDLESS_FILES.contains(name)) {
                    Files.copy(entry, target, StandardCopyOption.COPY_ATTRIBUTES);
                }
            }
        }
    }
}
