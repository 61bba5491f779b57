package org.kiobd.manage.catalog;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.kiobd.store.file.SystemErrors;
import org.kiobd.store.format.VolumeManifest;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;

/**
 * The volumes of one home folder. Each has a folder {@code HOME/volumes/NAME} with its manifest, its lock, and, unless they were put
 * elsewhere, its members. A folder without a manifest belongs to a volume that is being made or was being deleted ({@link #unfinished}).
 *
 * <p>A snapshot is itself a volume, with the name {@code VOLUME@NAME} and the folder {@code HOME/volumes/VOLUME/snapshots/NAME}. Every
 * method accepts its name, too, unless the method says otherwise.
 *
 * <p>Any thread, any number of processes: manifests change atomically, and a process that changes or serves a volume holds its
 * {@link VolumeLock}.
 */
public final class VolumeCatalog {
    static final String MANIFEST = "manifest.json";

    /** Name of the manifest once the deletion of its volume has begun. */
    static final String DELETED = "deleted.json";

    /**
     * Names of files and folders that kiobd would replace in a volume's folder. A folder that kiobd did not make must not contain any of
     * them.
     */
    private static final List<String> OWN_NAMES =
            List.of(MANIFEST, DELETED, ChangeFile.NAME, "server.json", "control.sock", "scrub.json", "snapshots");

    private final Path home;
    private final Path volumes;
    private final CatalogListing listing;

    /** @param home folder for volumes; made with the first volume */
    public VolumeCatalog(Path home) {
        this.home = home.toAbsolutePath().normalize();
        this.volumes = this.home.resolve("volumes");
        this.listing = new CatalogListing(volumes);
    }

    /** Returns the home folder, absolute. */
    Path home() {
        return home;
    }

    /** Returns the folder of a volume, whether it exists or not. */
    public Path folder(String name) throws BlockIoException {
        return VolumeNames.folder(volumes, name);
    }

    /** Returns the names of all volumes that are not snapshots, in order. */
    public List<String> names() throws BlockIoException {
        return listing.names();
    }

    /** Returns the names {@code VOLUME@NAME} of a volume's snapshots, in order. */
    public List<String> snapshots(String volume) throws BlockIoException {
        return listing.snapshots(volume);
    }

    /** Returns the names of unfinished volumes without a manifest, in order. */
    public List<String> unfinishedNames() throws BlockIoException {
        return listing.unfinishedNames();
    }

    /** Returns the names of a volume's unfinished snapshots without a manifest, in order. */
    public List<String> unfinishedSnapshots(String volume) throws BlockIoException {
        return listing.unfinishedSnapshots(volume);
    }

    /** Returns the names of a volume's temporary snapshots, finished or not. They were made to be read once and then removed. */
    List<String> temporarySnapshots(String volume) throws BlockIoException {
        return listing.temporarySnapshots(volume);
    }

    /** Returns what is unfinished about a volume, with or without a manifest; null if nothing is. */
    public @Nullable Unfinished unfinished(String name) throws BlockIoException {
        try {
            return Unfinished.find(folder(name), name, VolumeLock.isHeld(folder(name)));
        } catch (IOException e) {
            throw failed("volume=" + name + ": cannot look at its lock in " + folder(name), e);
        }
    }

    /**
     * Refuses an unfinished volume. The caller holds its lock.
     *
     * @throws BlockIoException with the reason, and with what to do
     */
    public void requireFinished(String name) throws BlockIoException {
        Unfinished unfinished = Unfinished.find(folder(name), name, false);
        if (unfinished != null) {
            throw invalid(unfinished.message());
        }
    }

    /**
     * Returns whether a volume exists.
     *
     *
     * @throws BlockIoException also if this account may not enter its folder
     */
    public boolean exists(String name) throws BlockIoException {
        Path folder = folder(name);
        if (CatalogListing.isClosed(folder)) {
            throw failed(
                    "volume=" + name + ": cannot look into " + folder, new AccessDeniedException(folder.toString()));
        }
        return CatalogListing.isListed(folder);
    }

    /** Returns whether something with that name exists, as far as this account can see. For callers that have got an error with it. */
    public boolean isThere(String name) {
        try {
            return exists(name);
        } catch (BlockIoException e) {
            return e.error() != IoError.INVALID;
        }
    }

    /** Returns the manifest of a volume. */
    public VolumeManifest load(String name) throws BlockIoException {
        Path file = folder(name).resolve(MANIFEST);
        try {
            return ManifestCodec.decode(SmallFiles.read(file), name, folder(name));
        } catch (NoSuchFileException e) {
            if (!CatalogListing.isListed(folder(name))) {
                throw unknown(name);
            }
            throw new BlockIoException(
                    IoError.IO, "volume=" + name + ": its manifest " + file + " is a link to nothing", e);
        } catch (BlockIoException e) {
            throw new BlockIoException(e.error(), "volume=" + name + ": " + e.getMessage(), e);
        } catch (IOException e) {
            if (!SystemErrors.toIoError(e).isDamage()) {
                throw failed("volume=" + name + ": cannot read its manifest " + file, e);
            }
            throw new BlockIoException(
                    IoError.IO,
                    "volume=" + name + ": its manifest " + file + (isMedium(e) ? " cannot be read (" : " is damaged (")
                            + reason(e) + "); its data is unharmed; rebuild it with kiobd assemble " + membersOf(name),
                    e);
        }
    }

    private String membersOf(String name) throws BlockIoException {
        Path folder = folder(name);
        try (Stream<Path> files = Files.list(folder)) {
            boolean inside =
                    files.anyMatch(file -> String.valueOf(file.getFileName()).startsWith("member-"));
            return inside ? folder.resolve("member-*") + " (all its members)" : "MEMBER..., naming all its members";
        } catch (IOException | UncheckedIOException e) {
            return "MEMBER..., naming all its members";
        }
    }

    /** Returns the message of the decoder, or a description of the system's error. */
    private static String reason(IOException e) {
        return e instanceof FileSystemException ? SystemErrors.describe(e) : String.valueOf(e.getMessage());
    }

    /** Returns whether the medium failed. The failure may be temporary, and the stored data may be intact. */
    private static boolean isMedium(IOException e) {
        return e instanceof FileSystemException
                || String.valueOf(e.getMessage()).contains("Input/output error");
    }

    private BlockIoException unknown(String name) throws BlockIoException {
        Unfinished unfinished = unfinished(name);
        if (unfinished != null) {
            return invalid(unfinished.message());
        }
        if (VolumeNames.isSnapshot(name)) {
            return invalid("snapshot=" + name + " does not exist; kiobd snapshot list " + VolumeNames.volumeOf(name)
                    + " shows those that do, kiobd snapshot create " + name + " makes it");
        }
        return invalid("volume=" + name + " does not exist in " + volumes.getParent()
                + "; kiobd list shows those that do, kiobd create " + name + " --size SIZE makes it");
    }

    /**
     * Makes the folder of a new volume and locks it. If two processes try, one of them succeeds.
     *
     * @throws BlockIoException if the name is taken
     */
    public VolumeLock reserve(String name) throws BlockIoException {
        if (VolumeNames.isSnapshot(name) && !exists(VolumeNames.volumeOf(name))) {
            throw unknown(VolumeNames.volumeOf(name));
        }
        requireOurs(folder(name));
        VolumeLock lock = acquire(name, Use.MAKE);
        if (Files.exists(folder(name).resolve(MANIFEST))) {
            lock.close();
            throw invalid((VolumeNames.isSnapshot(name) ? "snapshot=" : "volume=") + name
                    + " exists already; it was not touched; choose another name");
        }
        return lock;
    }

    /** Refuses a folder that kiobd did not make and that contains a name that kiobd uses. */
    private static void requireOurs(Path folder) throws BlockIoException {
        Path inTheWay = VolumeLock.isForeign(folder) ? folder.resolve("lock") : null;
        if (inTheWay == null && !VolumeLock.isThere(folder)) {
            inTheWay = OWN_NAMES.stream()
                    .map(folder::resolve)
                    .filter(file -> Files.exists(file, LinkOption.NOFOLLOW_LINKS))
                    .findFirst()
                    .orElse(null);
        }
        if (inTheWay != null && !Files.exists(folder.resolve(MANIFEST))) {
            throw invalid(inTheWay + " is in the way and was not made by kiobd; nothing was touched; move it away, or"
                    + " choose another name");
        }
    }

    /** Removes the folder that {@link #reserve} made, if no manifest was saved and no change is recorded. The caller holds the lock. */
    public void abandon(String name) throws BlockIoException {
        Path folder = folder(name);
        try {
            if (!Files.exists(folder.resolve(MANIFEST)) && !CatalogListing.isHalf(folder)) {
                VolumeLock.remove(folder);
                removeIfEmpty(folder);
            }
        } catch (IOException e) {
            throw failed("cannot remove " + folder, e);
        }
    }

    /**
     * Saves the manifest of a volume that was assembled from its members: as a new entry, or in place of the volume's own entry, which may
     * be damaged or out of date.
     *
     * @throws BlockIoException if another volume has the name, or the volume is in use
     */
    public void adopt(VolumeManifest manifest) throws BlockIoException {
        try (VolumeLock lock = acquire(manifest.name(), Use.MAKE)) {
            VolumeManifest present;
            try {
                present = exists(manifest.name()) ? load(manifest.name()) : manifest;
            } catch (BlockIoException e) {
                present = manifest;
            }
            if (!present.uuid().equals(manifest.uuid())) {
                throw invalid("volume=" + manifest.name() + " exists already and is another one: uuid="
                        + present.uuid() + ", not uuid=" + manifest.uuid()
                        + "; neither was touched; kiobd rename gives that one another name");
            }
            save(manifest);
        }
    }

    /**
     * Locks a volume that exists.
     *
     * @throws BlockIoException if it does not exist, or somebody else has the lock, in this process or in another
     */
    public VolumeLock lock(String name) throws BlockIoException {
        return lock(name, Use.CHANGE);
    }

    /**
     * Locks a volume that exists, for reading. The lock is the same, unless the volume's folder cannot be written. Then other readers may
     * have the lock at the same time, and the members' own locks keep writers away.
     *
     * @throws BlockIoException as {@link #lock(String)}
     */
    public VolumeLock lockForReading(String name) throws BlockIoException {
        return lock(name, Use.READ);
    }

    private VolumeLock lock(String name, Use use) throws BlockIoException {
        if (!exists(name)) {
            removeShell(name);
            throw unknown(name);
        }
        VolumeLock lock = acquire(name, use);
        if (!exists(name)) {
            lock.close();
            throw unknown(name);
        }
        return lock;
    }

    /**
     * Removes the folder of a volume whose process was killed between the last two steps of its deletion, or the first two of its creation.
     */
    private void removeShell(String name) throws BlockIoException {
        Path folder = folder(name);
        if (VolumeLock.isShell(folder, OWN_NAMES)) {
            try (VolumeLock lock = acquire(name, Use.CHANGE)) {
                abandon(name);
            }
        }
    }

    /** Purposes of a lock. */
    private enum Use {
        MAKE,
        CHANGE,
        READ
    }

    private VolumeLock acquire(String name, Use use) throws BlockIoException {
        Path folder = folder(name);
        VolumeLock lock;
        try {
            if (use == Use.MAKE) {
                makeFolder(folder);
            }
            lock = VolumeLock.tryAcquire(folder, use == Use.READ);
        } catch (NoSuchFileException e) {
            // The volume was deleted after the check that it exists.
            throw use == Use.MAKE ? failed("volume=" + name + ": cannot lock it in " + folder, e) : unknown(name);
        } catch (IOException e) {
            throw failed("volume=" + name + ": cannot lock it in " + folder, e);
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

    private void makeFolder(Path folder) throws IOException {
        Path parent = folder.resolve("..").normalize();
        Files.createDirectories(parent);
        try {
            Files.createDirectory(
                    folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
            AtomicFiles.syncFolder(parent);
            AtomicFiles.syncFolder(parent.resolve("..").normalize());
        } catch (FileAlreadyExistsException e) {
            // Another process is making it, a crash has left it, or the name is taken: the lock and the manifest
            // decide.
        }
    }

    /** Returns the server of a volume; null if it is not served. Changes nothing, so it also works for accounts that may only read. */
    public @Nullable ServerState server(String name) throws BlockIoException {
        Path folder = folder(name);
        ServerState announced = VolumeLock.announcement(folder);
        try {
            // A server that was killed leaves its announcement, but not its lock.
            return announced != null && VolumeLock.isHeld(folder) ? announced : null;
        } catch (AccessDeniedException e) {
            // This account may not open the lock file.
            return announced != null && ProcessHandle.of(announced.pid()).isPresent() ? announced : null;
        } catch (IOException e) {
            throw failed("volume=" + name + ": cannot look at its lock in " + folder, e);
        }
    }

    /** Writes a volume's manifest. The caller holds its lock. */
    public void save(VolumeManifest manifest) throws BlockIoException {
        save(manifest.name(), manifest);
    }

    /** Writes the manifest of a volume whose members know it by another name. The caller holds its lock. */
    public void save(String name, VolumeManifest manifest) throws BlockIoException {
        Path folder = folder(name);
        try {
            AtomicFiles.write(folder.resolve(MANIFEST), ManifestCodec.encode(manifest, folder, home));
        } catch (IOException e) {
            throw failed("volume=" + name + ": cannot write its manifest in " + folder, e);
        }
    }

    /** Renames a volume's folder, with the members in it. The caller holds its lock. */
    public void rename(String oldName, String newName) throws BlockIoException {
        Path from = folder(oldName);
        Path to = folder(newName);
        try {
            if (Files.exists(to)) {
                throw new FileAlreadyExistsException(to.toString());
            }
            Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
            AtomicFiles.syncFolder(volumes);
        } catch (FileAlreadyExistsException e) {
            throw invalid("volume=" + newName + " exists already; nothing was renamed; choose another name");
        } catch (IOException e) {
            throw failed("cannot move " + from + " to " + to, e);
        }
    }

    /**
     * Begins the deletion of a volume, which counts as deleted from here on. The manifest is renamed and kept until the members are gone.
     * Renaming needs no space, so it also works on a full disk. The caller holds the volume's lock.
     */
    void beginDeletion(String name) throws BlockIoException {
        Path folder = folder(name);
        try {
            Files.move(folder.resolve(MANIFEST), folder.resolve(DELETED), StandardCopyOption.ATOMIC_MOVE);
            AtomicFiles.syncFolder(folder);
        } catch (IOException e) {
            throw failed("volume=" + name + ": cannot remove its manifest in " + folder, e);
        }
    }

    /** Returns the manifest of a volume whose deletion was begun; null if none was. */
    @Nullable
    VolumeManifest deleted(String name) throws BlockIoException {
        Path file = folder(name).resolve(DELETED);
        try {
            return ManifestCodec.decode(SmallFiles.read(file), name, folder(name));
        } catch (NoSuchFileException e) {
            return null;
        } catch (IOException e) {
            throw failed("volume=" + name + ": cannot read " + file, e);
        }
    }

    /** Ends the deletion of a volume, once all its members are gone. The caller holds its lock. */
    void endDeletion(String name) throws BlockIoException {
        Path folder = folder(name);
        try {
            Files.deleteIfExists(folder.resolve(DELETED));
            Files.deleteIfExists(folder.resolve("scrub.json"));
        } catch (IOException e) {
            throw failed("volume=" + name + ": cannot remove " + folder.resolve(DELETED), e);
        }
    }

    /** Locks the remains of an {@linkplain #unfinished unfinished} volume. */
    public VolumeLock lockUnfinished(String name) throws BlockIoException {
        return acquire(name, Use.CHANGE);
    }

    private void removeIfEmpty(Path folder) throws IOException {
        try {
            if (Files.isDirectory(folder.resolve("snapshots"), LinkOption.NOFOLLOW_LINKS)) {
                Files.deleteIfExists(folder.resolve("snapshots"));
            }
            Files.deleteIfExists(folder);
            Path parent = folder.resolve("..").normalize();
            if (!parent.equals(volumes)) {
                Files.deleteIfExists(parent);
            }
        } catch (DirectoryNotEmptyException e) {
            // The other files in it are not kiobd's.
        }
    }

    private static BlockIoException invalid(String text) {
        return new BlockIoException(IoError.INVALID, text);
    }

    static BlockIoException failed(String what, Exception e) {
        return e instanceof AccessDeniedException
                ? new BlockIoException(
                        IoError.NOT_PERMITTED,
                        what + ": permission denied; use an account that may, or another --home",
                        e)
                : SystemErrors.failure(what, e);
    }
}
