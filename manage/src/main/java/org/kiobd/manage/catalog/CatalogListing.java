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

/** Which volumes and snapshots there are in a home, told from their folders. Any thread; changes nothing. */
final class CatalogListing {
    private final Path volumes;

    /** @param volumes where the folders of volumes are */
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
            throw VolumeCatalog.failed("cannot list " + parent, e);
        }
    }

    /**
     * Whether something in the catalog is a volume as far as can be told from outside. One this account may not look into, or whose files
     * have gone from behind a link, is listed: that it cannot be read is said when it is.
     */
    static boolean isListed(Path folder) {
        return Files.exists(folder.resolve(VolumeCatalog.MANIFEST), LinkOption.NOFOLLOW_LINKS)
                || isClosed(folder)
                || (Files.isSymbolicLink(folder) && !Files.exists(folder));
    }

    /** Whether this account may not look into {@code folder}. */
    static boolean isClosed(Path folder) {
        return Files.isDirectory(folder) && !Files.isExecutable(folder);
    }

    /** Whether {@code folder} has no manifest, but a change was begun in it; no other folder without one is ours. */
    static boolean isHalf(Path folder) {
        return !Files.exists(folder.resolve(VolumeCatalog.MANIFEST))
                && (Files.exists(folder.resolve(ChangeFile.NAME))
                        || Files.exists(folder.resolve(VolumeCatalog.DELETED)));
    }
}
