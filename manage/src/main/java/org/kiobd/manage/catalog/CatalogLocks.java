package org.kiobd.manage.catalog;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;

/** Takes the locks of volumes, and makes the folders of new ones. Any thread, any number of processes. */
final class CatalogLocks {
    /**
     * Names of files and folders that kiobd would replace in a volume's folder. A folder that kiobd did not make must not contain any of
     * them.
     */
    private static final List<String> OWN_NAMES = List.of(
            ManifestFiles.MANIFEST,
            ManifestFiles.DELETED,
            ChangeFile.NAME,
            "server.json",
            CatalogRemoval.CONTROL_SOCKET,
            CatalogRemoval.SCRUB_NOTE,
            "snapshots");

    private final CatalogLookup lookup;
    private final CatalogRemoval removal;

    CatalogLocks(CatalogLookup lookup, CatalogRemoval removal) {
        this.lookup = lookup;
        this.removal = removal;
    }

    /** Purposes of a lock. */
    enum Use {
        MAKE,
        CHANGE,
        READ
    }

    /** Makes the folder of a new volume and locks it; throws if the name is taken. */
    VolumeLock reserve(String name) throws BlockIoException {
        if (VolumeNames.isSnapshot(name) && !lookup.exists(VolumeNames.volumeOf(name))) {
            throw lookup.unknown(VolumeNames.volumeOf(name));
        }
        Path folder = lookup.folder(name);
        requireOurs(folder);
        VolumeLock lock = acquire(name, Use.MAKE);
        if (Files.exists(folder.resolve(ManifestFiles.MANIFEST))) {
            lock.close();
            throw CatalogErrors.invalid(
                    VolumeNames.label(name) + " exists already; it was not touched; choose another name");
        }
        return lock;
    }

    /**
     * Refuses a folder that kiobd did not make and that contains a name that kiobd uses, be it of a link to nothing. An empty file with the
     * name of the lock does not prove that kiobd made the others: of a volume without a manifest, only the record of a change or of a
     * deletion does.
     */
    private static void requireOurs(Path folder) throws BlockIoException {
        Path inTheWay;
        if (VolumeLock.isForeign(folder)) {
            inTheWay = folder.resolve("lock");
        } else {
            boolean isHalf = VolumeLock.isThere(folder) && CatalogListing.isHalf(folder);
            inTheWay = isHalf ? null : first(folder, OWN_NAMES);
        }
        if (inTheWay != null && !Files.exists(folder.resolve(ManifestFiles.MANIFEST))) {
            throw CatalogErrors.invalid(
                    inTheWay + " is in the way and was not made by kiobd; nothing was touched; move it away, or"
                            + " choose another name");
        }
    }

    /**
     * Returns whether something in {@code folder} tells that kiobd made it: a manifest, the record of a change, or that it is what an
     * interrupted deletion leaves.
     */
    static boolean isOurs(Path folder) {
        return Files.exists(folder.resolve(ManifestFiles.MANIFEST))
                || CatalogListing.isHalf(folder)
                || VolumeLock.isShell(folder, OWN_NAMES);
    }

    private static @Nullable Path first(Path folder, List<String> names) {
        return names.stream()
                .map(folder::resolve)
                .filter(file -> Files.exists(file, LinkOption.NOFOLLOW_LINKS))
                .findFirst()
                .orElse(null);
    }

    /** Locks a volume that exists. */
    VolumeLock lock(String name, Use use) throws BlockIoException {
        if (!lookup.exists(name)) {
            removeShell(name);
            throw lookup.unknown(name);
        }
        VolumeLock lock = acquire(name, use);
        if (!lookup.exists(name)) {
            lock.close();
            throw lookup.unknown(name);
        }
        return lock;
    }

    /**
     * Removes the folder of a volume whose process was killed between the last two steps of its deletion, or the first two of its creation.
     */
    private void removeShell(String name) throws BlockIoException {
        if (VolumeLock.isShell(lookup.folder(name), OWN_NAMES)) {
            try (VolumeLock lock = acquire(name, Use.CHANGE)) {
                removal.abandon(name);
            }
        }
    }

    /** Locks the folder of a volume, whether it has a manifest or not. */
    VolumeLock acquire(String name, Use use) throws BlockIoException {
        Path folder = lookup.folder(name);
        VolumeLock lock;
        try {
            boolean isNew = use == Use.MAKE && makeFolder(folder);
            lock = VolumeLock.tryAcquire(folder, use == Use.READ, isNew);
        } catch (NoSuchFileException e) {
            // The volume was deleted after the check that it exists.
            throw use == Use.MAKE ? cannotLock(name, folder, e) : lookup.unknown(name);
        } catch (IOException e) {
            throw cannotLock(name, folder, e);
        }
        if (lock == null) {
            ServerState server = VolumeLock.announcement(folder);
            throw new BlockIoException(
                    IoError.NOT_PERMITTED,
                    "volume=" + name + " is in use"
                            + (server == null
                                    ? " by another kiobd; it was not touched; wait until that one is done"
                                    : " by the server with pid=" + server.pid()
                                            + "; it was not touched; stop that server first"));
        }
        return lock;
    }

    private static BlockIoException cannotLock(String name, Path folder, IOException e) {
        return CatalogErrors.failed("volume=" + name + ": cannot lock it in " + folder, e);
    }

    /** Makes {@code folder} and those above it; returns false if it is there. */
    private static boolean makeFolder(Path folder) throws IOException {
        Path parent = folder.resolve("..").normalize();
        Files.createDirectories(parent);
        try {
            Files.createDirectory(
                    folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
            AtomicFiles.syncFolder(parent);
            AtomicFiles.syncFolder(parent.resolve("..").normalize());
            return true;
        } catch (FileAlreadyExistsException e) {
            // Another process is making it, a crash has left it, or the name is taken: the lock and the manifest
            // decide.
            return false;
        }
    }
}
