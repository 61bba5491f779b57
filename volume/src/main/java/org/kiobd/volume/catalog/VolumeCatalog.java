package org.kiobd.volume.catalog;

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
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;
import org.kiobd.volume.format.VolumeManifest;
import org.kiobd.volume.store.file.SystemErrors;

/**
 * The volumes of one home folder. Each has a folder {@code HOME/volumes/NAME} with its manifest, its lock, and, unless they were put
 * elsewhere, its members. A folder without a manifest is a volume that is being made or was being deleted; it is not listed.
 *
 * <p>A snapshot of a volume is a volume itself, of the name {@code VOLUME@NAME}, in {@code HOME/volumes/VOLUME/snapshots/NAME}; every
 * method takes its name as well, unless it says otherwise.
 *
 * <p>Any thread, any number of processes: manifests change atomically, and who changes or serves a volume holds its {@link VolumeLock}.
 */
public final class VolumeCatalog {
    private static final String MANIFEST = "manifest.json";

    private final Path volumes;

    /** @param home where volumes are kept; made when the first one is */
    public VolumeCatalog(Path home) {
        this.volumes = home.toAbsolutePath().normalize().resolve("volumes");
    }

    /** The folder of a volume, whether it exists or not. */
    public Path folder(String name) throws BlockIoException {
        return VolumeNames.folder(volumes, name);
    }

    /** The names of all volumes that are no snapshots, in order. */
    public List<String> names() throws BlockIoException {
        return names(volumes, VolumeCatalog::isListed);
    }

    /** The names {@code VOLUME@NAME} of a volume's snapshots, in order. */
    public List<String> snapshots(String volume) throws BlockIoException {
        return snapshots(volume, VolumeCatalog::isListed);
    }

    /** The names of a volume's snapshots that were being made or deleted. */
    List<String> halfSnapshots(String volume) throws BlockIoException {
        return snapshots(volume, folder -> !Files.exists(folder.resolve(MANIFEST)));
    }

    private List<String> snapshots(String volume, Predicate<Path> which) throws BlockIoException {
        return names(VolumeNames.snapshots(volumes, volume), which).stream()
                .map(name -> VolumeNames.snapshot(volume, name))
                .toList();
    }

    private static List<String> names(Path parent, Predicate<Path> which) throws BlockIoException {
        try (Stream<Path> folders = Files.list(parent)) {
            if (isClosed(parent)) {
                throw new AccessDeniedException(parent.toString());
            }
            return folders.filter(which)
                    .map(folder -> String.valueOf(folder.getFileName()))
                    .filter(VolumeNames::isName)
                    .sorted()
                    .toList();
        } catch (NoSuchFileException e) {
            return List.of();
        } catch (IOException | UncheckedIOException e) {
            throw failed("cannot list " + parent, e);
        }
    }

    /**
     * Whether something in the catalog is a volume as far as can be told from outside. One this account may not look into, or whose files
     * have gone from behind a link, is listed: that it cannot be read is said when it is.
     */
    private static boolean isListed(Path folder) {
        return Files.exists(folder.resolve(MANIFEST), LinkOption.NOFOLLOW_LINKS)
                || isClosed(folder)
                || (Files.isSymbolicLink(folder) && !Files.exists(folder));
    }

    /** @throws BlockIoException also if this account may not look into its folder */
    public boolean exists(String name) throws BlockIoException {
        Path folder = folder(name);
        if (isClosed(folder)) {
            throw failed(
                    "volume=" + name + ": cannot look into " + folder, new AccessDeniedException(folder.toString()));
        }
        return isListed(folder);
    }

    /** Whether there is anything of that name, as far as this account can see; for who has met an error with it. */
    public boolean isThere(String name) {
        try {
            return exists(name);
        } catch (BlockIoException e) {
            return e.error() != IoError.INVALID;
        }
    }

    private static boolean isClosed(Path folder) {
        return Files.isDirectory(folder) && !Files.isExecutable(folder);
    }

    /** The manifest of a volume. */
    public VolumeManifest load(String name) throws BlockIoException {
        Path file = folder(name).resolve(MANIFEST);
        try {
            return ManifestCodec.decode(SmallFiles.read(file), name, folder(name));
        } catch (NoSuchFileException e) {
            if (!isListed(folder(name))) {
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
                    "volume=" + name + ": its manifest " + file + " is damaged (" + reason(e)
                            + "); its data is unharmed; rebuild it with kiobd assemble " + membersOf(name),
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

    /** As the reader of the manifest said it, or the system did. */
    private static String reason(IOException e) {
        return e instanceof FileSystemException ? SystemErrors.describe(e) : String.valueOf(e.getMessage());
    }

    private BlockIoException unknown(String name) {
        if (VolumeNames.isSnapshot(name)) {
            return invalid("snapshot=" + name + " does not exist; kiobd snapshot list " + VolumeNames.volumeOf(name)
                    + " shows those that do, kiobd snapshot create " + name + " makes it");
        }
        return invalid("volume=" + name + " does not exist in " + volumes.getParent()
                + "; kiobd list shows those that do, kiobd create " + name + " --size SIZE makes it");
    }

    /**
     * Makes the folder of a new volume and locks it. Of two processes that try, one succeeds.
     *
     * @throws BlockIoException if the name is taken
     */
    public VolumeLock reserve(String name) throws BlockIoException {
        if (VolumeNames.isSnapshot(name) && !exists(VolumeNames.volumeOf(name))) {
            throw unknown(VolumeNames.volumeOf(name));
        }
        VolumeLock lock = acquire(name, Use.MAKE);
        if (Files.exists(folder(name).resolve(MANIFEST))) {
            lock.close();
            throw invalid((VolumeNames.isSnapshot(name) ? "snapshot=" : "volume=") + name
                    + " exists already; it was not touched; choose another name");
        }
        return lock;
    }

    /** Gives up what {@link #reserve} made, if no manifest was saved; the caller holds its lock. */
    public void abandon(String name) throws BlockIoException {
        Path folder = folder(name);
        try {
            if (!Files.exists(folder.resolve(MANIFEST))) {
                VolumeLock.remove(folder);
                removeIfEmpty(folder);
            }
        } catch (IOException e) {
            throw failed("cannot remove " + folder, e);
        }
    }

    /**
     * Enters a volume that was put together from its members: as a new one, or in place of its own entry, which may be damaged or out of
     * date.
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
     * @throws BlockIoException if it does not, or another process (or this one) has it
     */
    public VolumeLock lock(String name) throws BlockIoException {
        return lock(name, Use.CHANGE);
    }

    /**
     * Locks a volume that exists, for who will not change it: the same, unless its folder cannot be written. Then other readers may have
     * it at the same time, and its members' own locks keep writers away.
     *
     * @throws BlockIoException as {@link #lock(String)}
     */
    public VolumeLock lockForReading(String name) throws BlockIoException {
        return lock(name, Use.READ);
    }

    private VolumeLock lock(String name, Use use) throws BlockIoException {
        if (!exists(name)) {
            throw unknown(name);
        }
        VolumeLock lock = acquire(name, use);
        if (!exists(name)) {
            lock.close();
            throw unknown(name);
        }
        return lock;
    }

    /** What a lock is for. */
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
            // Deleted since it was looked for.
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
            // Being made by another, left by a crash, or taken: the lock and the manifest tell.
        }
    }

    /** Who serves a volume; null if nobody does. Changes nothing: also for accounts that may only read. */
    public @Nullable ServerState server(String name) throws BlockIoException {
        Path folder = folder(name);
        ServerState announced = VolumeLock.announcement(folder);
        try {
            // A server that was killed leaves its announcement, but not its lock.
            return announced != null && VolumeLock.isHeld(folder) ? announced : null;
        } catch (AccessDeniedException e) {
            // This account may not ask for the lock.
            return announced != null && ProcessHandle.of(announced.pid()).isPresent() ? announced : null;
        } catch (IOException e) {
            throw failed("volume=" + name + ": cannot look at its lock in " + folder, e);
        }
    }

    /** Writes a volume's manifest; the caller holds its lock. */
    public void save(VolumeManifest manifest) throws BlockIoException {
        Path folder = folder(manifest.name());
        try {
            AtomicFiles.write(folder.resolve(MANIFEST), ManifestCodec.encode(manifest, folder));
        } catch (IOException e) {
            throw failed("volume=" + manifest.name() + ": cannot write its manifest in " + folder, e);
        }
    }

    /** Moves a volume's folder, members in it included; the caller holds its lock. */
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

    /** Forgets a volume: first its manifest, so that a crash leaves nothing half there; members are the caller's. Holds its lock. */
    public void delete(String name) throws BlockIoException {
        Path folder = folder(name);
        try {
            Files.deleteIfExists(folder.resolve(MANIFEST));
            AtomicFiles.syncFolder(folder);
            VolumeLock.remove(folder);
            removeIfEmpty(folder);
        } catch (IOException e) {
            throw failed("volume=" + name + ": cannot remove " + folder, e);
        }
    }

    private void removeIfEmpty(Path folder) throws IOException {
        try {
            Files.deleteIfExists(folder);
            Path parent = folder.resolve("..").normalize();
            if (!parent.equals(volumes)) {
                Files.deleteIfExists(parent);
            }
        } catch (DirectoryNotEmptyException e) {
            // Whatever else lies there is not ours to remove.
        }
    }

    private static BlockIoException invalid(String text) {
        return new BlockIoException(IoError.INVALID, text);
    }

    private static BlockIoException failed(String what, Exception e) {
        return e instanceof AccessDeniedException
                ? new BlockIoException(
                        IoError.NOT_PERMITTED,
                        what + ": permission denied; use an account that may, or another --home",
                        e)
                : SystemErrors.failure(what, e);
    }
}
