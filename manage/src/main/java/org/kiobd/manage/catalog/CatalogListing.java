package org.kiobd.manage.catalog;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.kiobd.volume.BlockIoException;

/** Finds the volumes and snapshots of a home by their folders. Any thread; changes nothing. */
final class CatalogListing {
    private final Path volumes;

    /** @param volumes parent folder of the volumes' folders */
    CatalogListing(Path volumes) {
        this.volumes = volumes;
    }

    List<String> names() throws BlockIoException {
        return names(volumes, CatalogListing::isListed, VolumeNames::isName);
    }

    List<String> snapshots(String volume) throws BlockIoException {
        return snapshots(volume, CatalogListing::isListed, VolumeNames::isName);
    }

    List<String> unfinishedNames() throws BlockIoException {
        return names(volumes, CatalogListing::isHalf, VolumeNames::isName);
    }

    List<String> unfinishedSnapshots(String volume) throws BlockIoException {
        return snapshots(volume, CatalogListing::isHalf, VolumeNames::isName);
    }

    List<String> temporarySnapshots(String volume) throws BlockIoException {
        return snapshots(volume, folder -> true, VolumeNames::isTemporary);
    }

    private List<String> snapshots(String volume, Predicate<Path> which, Predicate<String> isName)
            throws BlockIoException {
        return names(VolumeNames.snapshots(volumes, volume), which, isName).stream()
                .map(name -> VolumeNames.snapshot(volume, name))
                .toList();
    }

    private static List<String> names(Path parent, Predicate<Path> which, Predicate<String> isName)
            throws BlockIoException {
        try (Stream<Path> folders = Files.list(parent)) {
            if (isClosed(parent)) {
                throw new AccessDeniedException(parent.toString());
            }
            return folders.filter(which)
                    .map(folder -> String.valueOf(folder.getFileName()))
                    .filter(isName)
                    .sorted()
                    .toList();
        } catch (NoSuchFileException e) {
            return List.of();
        } catch (IOException | UncheckedIOException e) {
            throw CatalogErrors.failed("cannot list " + parent, e);
        }
    }

    /**
     * Returns whether a folder in the catalog counts as a volume. This includes a folder that this account may not enter, and a symbolic
     * link without a target: reading such a volume reports the error.
     */
    static boolean isListed(Path folder) {
        return Files.exists(folder.resolve(ManifestFiles.MANIFEST), LinkOption.NOFOLLOW_LINKS)
                || isClosed(folder)
                || (Files.isSymbolicLink(folder) && !Files.exists(folder));
    }

    /** Returns whether this account may not enter {@code folder}. */
    static boolean isClosed(Path folder) {
        return Files.isDirectory(folder) && !Files.isExecutable(folder);
    }

    /**
     * Returns whether {@code folder} has no manifest, but a change or a deletion was begun in it. Other folders without a manifest are not
     * kiobd's.
     */
    static boolean isHalf(Path folder) {
        return !Files.exists(folder.resolve(ManifestFiles.MANIFEST))
                && (Files.exists(folder.resolve(ChangeFile.NAME))
                        || Files.exists(folder.resolve(ManifestFiles.DELETED)));
    }
}
