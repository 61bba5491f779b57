package org.kiobd.volume.catalog;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;
import org.kiobd.volume.format.VolumeManifest;

/**
 * The volumes of one home folder. Each has a folder {@code HOME/volumes/NAME} with its manifest, its lock, and, unless they were put
 * elsewhere, its members. A folder without a manifest is a volume that is being made or was being deleted; it is not listed.
 *
 * <p>Any thread, any number of processes: manifests change atomically, and who changes or serves a volume holds its {@link VolumeLock}.
 */
public final class VolumeCatalog {
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,126}");
    private static final String MANIFEST = "manifest.json";
    private static final String LOCK = "lock";
    private static final String SERVER = "server.json";

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

    /** Whether {@code name} may name a volume. {@code @} is kept for snapshots. */
    public static boolean isName(String name) {
        return NAME.matcher(name).matches();
    }

    /** The folder of a volume, whether it exists or not. */
    public Path folder(String name) throws BlockIoException {
        if (!isName(name)) {
            throw invalid("volume=" + name
                    + " is no volume name: 1 to 127 of A-Z a-z 0-9 . _ -, the first a letter or digit");
        }
        return volumes.resolve(name);
    }

    /** Every volume's name, in order. */
    public List<String> names() throws BlockIoException {
        if (!Files.isDirectory(volumes)) {
            return List.of();
        }
        try (Stream<Path> folders = Files.list(volumes)) {
            return folders.filter(folder -> Files.exists(folder.resolve(MANIFEST)))
                    .map(folder -> String.valueOf(folder.getFileName()))
                    .filter(VolumeCatalog::isName)
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw failed("cannot list " + volumes, e);
        }
    }

    public boolean exists(String name) throws BlockIoException {
        return Files.exists(folder(name).resolve(MANIFEST));
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
                            + "); its data is unharmed; remove that file and rebuild it with kiobd assemble MEMBER...",
                    e);
        }
    }

    private BlockIoException unknown(String name) {
        return invalid("volume=" + name + " does not exist in " + volumes.getParent()
                + "; kiobd list shows those that do, kiobd create " + name + " --size SIZE makes it");
    }

    /**
     * Makes the folder of a new volume and locks it. Of two processes that try, one succeeds.
     *
     * @throws BlockIoException if the name is taken
     */
    public VolumeLock reserve(String name) throws BlockIoException {
        Path folder = folder(name);
        try {
            Files.createDirectories(folder);
            FileChannel channel = openLock(folder);
            VolumeLock lock = locked(name, channel);
            if (Files.exists(folder.resolve(MANIFEST))) {
                lock.close();
                throw invalid("volume=" + name + " exists already; it was not touched; choose another name");
            }
            return lock;
        } catch (IOException e) {
            throw failed("cannot make " + folder, e);
        }
    }

    /** Gives up what {@link #reserve} made, if no manifest was saved. */
    public void abandon(String name) throws BlockIoException {
        Path folder = folder(name);
        try {
            if (!Files.exists(folder.resolve(MANIFEST))) {
                Files.deleteIfExists(folder.resolve(LOCK));
                Files.deleteIfExists(folder);
            }
        } catch (IOException e) {
            throw failed("cannot remove " + folder, e);
        }
    }

    /**
     * Locks a volume that exists.
     *
     * @throws BlockIoException if it does not, or another process (or this one) has it
     */
    public VolumeLock lock(String name) throws BlockIoException {
        Path folder = folder(name);
        if (!exists(name)) {
            throw unknown(name);
        }
        try {
            return locked(name, openLock(folder));
        } catch (IOException e) {
            throw failed("volume=" + name + ": cannot lock " + folder.resolve(LOCK), e);
        }
    }

    private static FileChannel openLock(Path folder) throws IOException {
        return FileChannel.open(folder.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    }

    private VolumeLock locked(String name, FileChannel channel) throws IOException, BlockIoException {
        try {
            FileLock lock = channel.tryLock();
            if (lock != null) {
                return new VolumeLock(channel, folder(name).resolve(SERVER));
            }
        } catch (OverlappingFileLockException e) {
            // This process has it; said below like any other.
        }
        channel.close();
        ServerState server = announced(name);
        throw new BlockIoException(
                IoError.NOT_PERMITTED,
                "volume=" + name + " is in use"
                        + (server == null ? " by another kiobd" : " by the server with pid=" + server.pid())
                        + "; it was not touched; stop that server first");
    }

    /** Who serves a volume; null if nobody does. */
    public @Nullable ServerState server(String name) throws BlockIoException {
        ServerState announced = announced(name);
        if (announced == null) {
            return null;
        }
        try {
            // A server that was killed leaves its announcement, but not its lock.
            lock(name).close();
            return null;
        } catch (BlockIoException e) {
            return announced;
        }
    }

    private @Nullable ServerState announced(String name) throws BlockIoException {
        try {
            return ServerState.decode(Files.readString(folder(name).resolve(SERVER)));
        } catch (IOException e) {
            return null;
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
            Files.deleteIfExists(folder.resolve(SERVER));
            Files.deleteIfExists(folder.resolve(LOCK));
            try (Stream<Path> rest = Files.list(folder)) {
                if (rest.findAny().isEmpty()) {
                    Files.delete(folder);
                }
            }
        } catch (IOException e) {
            throw failed("volume=" + name + ": cannot remove " + folder, e);
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
