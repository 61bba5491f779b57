package org.kiobd.it.vm;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * A program from a newer Debian suite than this machine's own, unpacked into the cache beside the kernels and run from there: nothing
 * is installed.
 */
public final class NewerProgram {
    private static final List<String> SUITES = List.of("bookworm-backports", "trixie");

    private NewerProgram() {}

    /**
     * The folder with the programs of {@code debianPackage}, fetched if it is not there yet.
     *
     * @param minVersion an upstream version it must have at least, such as 10
     * @throws IllegalStateException if no suite offers it
     */
    public static Path folder(String debianPackage, int minVersion) throws IOException {
        Path parent = GuestCache.directory("programs");
        Path entry = parent.resolve(debianPackage + "-" + minVersion);
        if (!Files.isDirectory(entry)) {
            Path work = GuestCache.workDirectory(parent);
            try {
                fetch(debianPackage, minVersion, work);
                GuestCache.publish(work.resolve("unpacked"), entry);
            } finally {
                GuestCache.deleteTree(work);
            }
        }
        return entry.resolve("usr/bin");
    }

    private static void fetch(String debianPackage, int minVersion, Path work) throws IOException {
        for (String suite : SUITES) {
            DebianArchive archive = DebianArchive.open(suite, work);
            Optional<DebianArchive.Offer> offer = archive.offers(debianPackage).stream()
                    .filter(candidate -> upstream(candidate.version()) >= minVersion)
                    .findFirst();
            if (offer.isPresent()) {
                archive.unpack(debianPackage, offer.get().version(), Files.createDirectories(work.resolve("unpacked")));
                return;
            }
        }
        throw new IllegalStateException("no suite of " + SUITES + " offers package=" + debianPackage + " in version "
                + minVersion + " or newer; nothing was installed");
    }

    /** The first number behind Debian's epoch. */
    private static int upstream(String version) {
        String digits = version.replaceFirst("^\\d+:", "").replaceFirst("\\D.*", "");
        return digits.isEmpty() ? -1 : Integer.parseInt(digits);
    }
}
