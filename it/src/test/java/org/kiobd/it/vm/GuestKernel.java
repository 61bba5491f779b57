package org.kiobd.it.vm;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A Linux kernel of Debian, fetched and unpacked into the cache, never installed.
 *
 * <p>A cached kernel of the series is used without asking the archive, so runs after the first need no network; delete
 * its folder to get a newer one. Any thread.
 *
 * @param series which of the kernels we test with
 * @param packageVersion Debian's version, also the name of its cache folder
 * @param image the bootable file
 * @param modules the folder of its modules
 */
public record GuestKernel(KernelSeries series, String packageVersion, Path image, Path modules) {
    // The cloud flavour: it has nbd and virtio, and none of the drivers that make the usual image three times as big.
    private static final String META_PACKAGE = "linux-image-cloud-amd64";
    private static final Pattern IMAGE_PACKAGE = Pattern.compile("linux-image-" + "[0-9][^ ,]*");

    /**
     * The newest cached kernel of {@code series}, fetched if there is none.
     *
     * @return empty only when the archive answered and offers no kernel of the series
     * @throws IllegalStateException when it cannot be fetched for any other reason
     */
    public static Optional<GuestKernel> find(KernelSeries series) {
        try {
            Path directory = GuestCache.directory("kernel").resolve(series.version());
            Files.createDirectories(directory);
            Optional<GuestKernel> cached = newestCached(series, directory);
            return cached.isPresent() ? cached : fetch(series, directory);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot prepare kernel=" + series.version(), e);
        }
    }

    private static Optional<GuestKernel> newestCached(KernelSeries series, Path directory) throws IOException {
        try (Stream<Path> entries = Files.list(directory)) {
            Optional<Path> newest = entries.filter(
                            path -> series.carries(path.getFileName().toString()))
                    .max(Comparator.comparing(GuestKernel::lastModified));
            return newest.isPresent() ? Optional.of(read(series, newest.get())) : Optional.empty();
        }
    }

    private static Optional<GuestKernel> fetch(KernelSeries series, Path directory) throws IOException {
        List<String> failures = new ArrayList<>();
        boolean answered = false;
        for (String suite : series.suites()) {
            Path work = GuestCache.workDirectory(directory);
            try {
                DebianArchive archive = DebianArchive.open(suite, work);
                answered = true;
                Optional<DebianArchive.Offer> offer = archive.offers(META_PACKAGE).stream()
                        .filter(candidate -> series.carries(candidate.version()))
                        .findFirst();
                if (offer.isPresent()) {
                    return Optional.of(unpack(series, archive, offer.get(), work, directory));
                }
                failures.add("suite=%s offers no %s %s".formatted(suite, META_PACKAGE, series.version()));
            } catch (IllegalStateException e) {
                failures.add("suite=%s: %s".formatted(suite, e.getMessage()));
            } finally {
                GuestCache.deleteTree(work);
            }
        }
        if (answered) {
            return Optional.empty();
        }
        throw new IllegalStateException(
                "kernel=%s cannot be fetched: %s. Once fetched (it/verify does it, with a network) it stays in %s"
                        .formatted(series.version(), String.join("; ", failures), directory));
    }

    private static GuestKernel unpack(
            KernelSeries series, DebianArchive archive, DebianArchive.Offer meta, Path work, Path directory)
            throws IOException {
        Matcher image = IMAGE_PACKAGE.matcher(meta.depends());
        if (!image.find()) {
            throw new IllegalStateException("package=%s version=%s names no kernel: depends=%s"
                    .formatted(meta.name(), meta.version(), meta.depends()));
        }
        Path unpacked = Files.createDirectory(work.resolve("unpacked"));
        archive.unpack(image.group(), meta.version(), unpacked);
        return read(series, GuestCache.publish(unpacked, directory.resolve(meta.version())));
    }

    private static GuestKernel read(KernelSeries series, Path entry) throws IOException {
        return new GuestKernel(
                series,
                entry.getFileName().toString(),
                only(entry.resolve("boot"), "vmlinuz-"),
                // Newer packages unpack below usr/lib, older ones below lib.
                only(
                        entry.resolve(
                                Files.isDirectory(entry.resolve("usr/lib/modules"))
                                        ? "usr/lib/modules"
                                        : "lib/modules"),
                        ""));
    }

    private static Path only(Path directory, String prefix) throws IOException {
        try (Stream<Path> entries = Files.list(directory)) {
            return entries.filter(path -> path.getFileName().toString().startsWith(prefix))
                    .findFirst()
                    .orElseThrow(() -> new IOException(
                            "cached kernel is incomplete: no %s* in %s; delete that folder and run again"
                                    .formatted(prefix, directory)));
        }
    }

    private static long lastModified(Path path) {
        return path.toFile().lastModified();
    }

    @Override
    public String toString() {
        return "linux " + packageVersion;
    }
}
