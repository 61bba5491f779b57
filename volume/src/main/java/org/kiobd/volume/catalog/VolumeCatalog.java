package org.kiobd.volume.catalog;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;
import org.kiobd.volume.format.VolumeManifest;

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

    /**
     * The home folder where none is named: {@code $KIOBD_HOME}, else {@code /var/lib/kiobd} for root, else {@code kiobd} in the XDG data
     * folder.
     */
    public static Path defaultHome(Map<String, String> environment, String user, Path userHome) {
        String home = environment.get("KIOBD_HOME");
        if (home != null && !home.isEmpty()) {
            return Path.of(home);
        }
        if ("root".equals(user)) {
            return Path.of("/var/lib/kiobd");
        }
        String data = environment.get("XDG_DATA_HOME");
        return data != null && !data.isEmpty() ? Path.of(data, "kiobd") : userHome.resolve(".local/share/kiobd");
    }

    /** The folder of a volume, whether it exists or not. */
    public Path folder(String name) throws BlockIoException {
        return VolumeNames.folder(volumes, name);
    }

    /** The names of all volumes that are no snapshots, in order. */
    public List<String> names() throws BlockIoException {
        return names(volumes, folder -> Files.exists(folder.resolve(MANIFEST)));
    }

    /** The names {@code VOLUME@NAME} of a volume's snapshots, in order. */
    public List<String> snapshots(String volume) throws BlockIoException {
        return snapshots(volume, folder -> Files.exists(folder.resolve(MANIFEST)));
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
        if (!Files.isDirectory(parent)) {
            return List.of();
        }
        try (Stream<Path> folders = Files.list(parent)) {
            // A folder this account may not look into is listed: that it cannot be read is said when it is.
            return folders.filter(folder -> which.test(folder) || isClosed(folder))
                    .map(folder -> String.valueOf(folder.getFileName()))
                    .filter(VolumeNames::isName)
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw failed("cannot list " + parent, e);
        }
    }

    /** @throws BlockIoException also if this account may not look into its folder */
    public boolean exists(String name) throws BlockIoException {
        Path folder = folder(name);
        if (isClosed(folder)) {
            throw failed(
                    "volume=" + name + ": cannot look into " + folder, new AccessDeniedException(folder.toString()));
        }
        return Files.exists(folder.resolve(MANIFEST));
    }

    private static boolean isClosed(Path folder) {
        return Files.isDirectory(folder) && !Files.isExecutable(folder);
    }

    /** The manifest of a volume. */
    public VolumeManifest load(String name) throws BlockIoException {
        Path file = folder(name).resolve(MANIFEST);
        try {
            return ManifestCodec.decode(Files.readString(file), name, folder(name));
        } catch (NoSuchFileException e) {
            throw unknown(name);
        } catch (AccessDeniedException e) {
            throw failed("cannot read " + file, e);
        } catch (IOException e) {
            throw new BlockIoException(
                    IoError.IO,
                    "volume=" + name + ": its manifest " + file + " is damaged (" + e.getMessage()
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
        } catch (IOException e) {
            return "MEMBER..., naming all its members";
        }
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
        VolumeLock lock = acquire(name, true);
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
        try (VolumeLock lock = acquire(manifest.name(), true)) {
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
        if (!exists(name)) {
            throw unknown(name);
        }
        VolumeLock lock = acquire(name, false);
        if (!exists(name)) {
            lock.close();
            throw unknown(name);
        }
        return lock;
    }

    private VolumeLock acquire(String name, boolean makeFolder) throws BlockIoException {
        Path folder = folder(name);
        VolumeLock lock;
        try {
            if (makeFolder) {
                makeFolder(folder);
            }
            lock = VolumeLock.tryAcquire(folder);
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

    private static BlockIoException failed(String what, IOException e) {
        if (e instanceof BlockIoException already) {
            return already;
        }
        String reason = e instanceof AccessDeniedException
                ? "permission denied; use an account that may, or another --home"
                : e.getClass().getSimpleName() + ": " + e.getMessage();
        return new BlockIoException(IoError.IO, what + ": " + reason, e);
    }
}
