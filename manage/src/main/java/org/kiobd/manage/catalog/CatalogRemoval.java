package org.kiobd.manage.catalog;

import java.io.IOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.loop.UnixSocketFile;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Removes the entries of volumes from the catalog; {@link Changes} removes their members. The caller holds the volume's lock. */
final class CatalogRemoval {
    private static final Logger LOG = LoggerFactory.getLogger(CatalogRemoval.class);

    static final String CONTROL_SOCKET = "control.sock";
    static final String SCRUB_NOTE = "scrub.json";

    private final CatalogLookup lookup;

    CatalogRemoval(CatalogLookup lookup) {
        this.lookup = lookup;
    }

    /**
     * Begins the deletion of a volume, which counts as deleted from here on. The manifest is renamed and kept until the members are gone.
     * Renaming needs no space, so it also works on a full disk.
     */
    void begin(String name) throws BlockIoException {
        Path folder = lookup.folder(name);
        try {
            Files.move(
                    folder.resolve(ManifestFiles.MANIFEST),
                    folder.resolve(ManifestFiles.DELETED),
                    StandardCopyOption.ATOMIC_MOVE);
            AtomicFiles.syncFolder(folder);
        } catch (IOException e) {
            throw CatalogErrors.failed("volume=" + name + ": cannot remove its manifest in " + folder, e);
        }
    }

    /** Ends the deletion of a volume, once all its members are gone. */
    void end(String name) throws BlockIoException {
        Path folder = lookup.folder(name);
        try {
            // The manifest goes last: without it, nobody could tell whose the other files are.
            removeControlSocket(folder.resolve(CONTROL_SOCKET));
            Files.deleteIfExists(folder.resolve(SCRUB_NOTE));
            Files.deleteIfExists(folder.resolve(ManifestFiles.DELETED));
        } catch (IOException e) {
            throw CatalogErrors.failed(
                    "volume=" + name + ": cannot remove " + folder.resolve(ManifestFiles.DELETED), e);
        }
    }

    /** Removes the socket of a server that was killed. Anything else with that name is not kiobd's and stays. */
    private static void removeControlSocket(Path socket) {
        try {
            new UnixSocketFile(socket).clear();
        } catch (BlockIoException e) {
            LOG.debug("{} stays: {}", socket, e.getMessage());
        }
    }

    /** Removes the lock and the volume's folder, if kiobd made them, there is no manifest, and no change is recorded. */
    void abandon(String name) throws BlockIoException {
        Path folder = lookup.folder(name);
        try {
            if (!Files.exists(folder.resolve(ManifestFiles.MANIFEST)) && !CatalogListing.isHalf(folder)) {
                if (VolumeLock.remove(folder)) {
                    removeIfEmpty(folder);
                }
            }
        } catch (IOException e) {
            throw CatalogErrors.failed("cannot remove " + folder, e);
        }
    }

    private void removeIfEmpty(Path folder) throws IOException {
        try {
            if (Files.isDirectory(folder.resolve("snapshots"), LinkOption.NOFOLLOW_LINKS)) {
                Files.deleteIfExists(folder.resolve("snapshots"));
            }
            Files.deleteIfExists(folder);
            Path parent = folder.resolve("..").normalize();
            if (!parent.equals(lookup.volumes())) {
                Files.deleteIfExists(parent);
            }
        } catch (DirectoryNotEmptyException e) {
            // The other files in it are not kiobd's.
        }
    }
}
