package org.kiobd.volume.catalog;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.kiobd.volume.IoError;
import org.kiobd.volume.store.file.SystemErrors;

/**
 * The right to serve or change a volume, exclusive among processes and within this one; the kernel takes it back when the process ends,
 * however it ends. Made by {@link VolumeCatalog#lock}; closed by who asked for it. Any thread.
 */
public final class VolumeLock implements AutoCloseable {
    private static final String LOCK = "lock";
    private static final String SERVER = "server.json";

    /** Who only looks whether a volume is served holds a shared lock for a moment; this is longer than that. */
    private static final int ATTEMPTS = 25;

    private static final int ATTEMPT_PAUSE_MS = 10;

    /**
     * The lock files this process holds, by device and inode. It must not open one of them again: closing any descriptor of a file drops
     * the POSIX locks its process has on it.
     */
    private static final Set<Object> HELD = new HashSet<>();

    private final @Nullable FileChannel channel;
    private final @Nullable Object fileKey;
    private final Path serverFile;
    private final boolean exclusive;
    private boolean announced;

    /** @param channel null where there is nothing that could be locked; then {@code fileKey} is null, too */
    private VolumeLock(@Nullable FileChannel channel, @Nullable Object fileKey, Path serverFile, boolean exclusive) {
        this.channel = channel;
        this.fileKey = fileKey;
        this.serverFile = serverFile;
        this.exclusive = exclusive;
    }

    /**
     * Whether nobody else may even read the volume now. If not, nothing in its folder may be written, and nothing is to be tidied there:
     * it is on read-only media, or belongs to an account whose files this one may read.
     */
    public boolean isExclusive() {
        return exclusive;
    }

    /**
     * Takes the lock of the volume in {@code folder}; null if somebody else has it.
     *
     * @param forReading whether a shared lock will do, or none, where the lock file cannot be written. Members have locks of their own,
     *     which keep readers and writers apart also then.
     */
    static @Nullable VolumeLock tryAcquire(Path folder, boolean forReading) throws IOException {
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            VolumeLock lock = attempt(folder, forReading);
            if (lock != null) {
                return lock;
            }
            try {
                Thread.sleep(ATTEMPT_PAUSE_MS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return null;
            }
        }
        return null;
    }

    private static @Nullable VolumeLock attempt(Path folder, boolean forReading) throws IOException {
        try {
            return attemptExclusive(folder);
        } catch (IOException e) {
            if (!forReading || SystemErrors.toIoError(e) != IoError.NOT_PERMITTED) {
                throw e;
            }
            return attemptShared(folder);
        }
    }

    private static @Nullable VolumeLock attemptShared(Path folder) throws IOException {
        Path file = folder.resolve(LOCK);
        synchronized (HELD) {
            Object key = keyOrNull(file);
            if (key != null && HELD.contains(key)) {
                return null;
            }
            FileChannel channel = key == null ? null : openForReading(file);
            if (key == null || channel == null) {
                return new VolumeLock(null, null, folder.resolve(SERVER), false);
            }
            try {
                if (channel.tryLock(0, Long.MAX_VALUE, true) == null) {
                    channel.close();
                    return null;
                }
            } catch (IOException e) {
                channel.close();
                throw e;
            }
            HELD.add(key);
            return new VolumeLock(channel, key, folder.resolve(SERVER), false);
        }
    }

    /** Null if this account may not. */
    private static @Nullable FileChannel openForReading(Path file) throws IOException {
        try {
            return FileChannel.open(file, StandardOpenOption.READ);
        } catch (AccessDeniedException e) {
            return null;
        }
    }

    private static @Nullable VolumeLock attemptExclusive(Path folder) throws IOException {
        Path file = folder.resolve(LOCK);
        synchronized (HELD) {
            Object key = makeKey(file);
            if (HELD.contains(key)) {
                return null;
            }
            FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE);
            try {
                // Whoever deleted the volume meanwhile took the file away: a lock on that one keeps nobody out.
                if (channel.tryLock() == null || !key.equals(keyOrNull(file))) {
                    channel.close();
                    return null;
                }
                // Left by a server that was killed: it had no chance to take it back.
                Files.deleteIfExists(folder.resolve(SERVER));
                // The same of writers.
                AtomicFiles.sweep(folder);
            } catch (IOException e) {
                channel.close();
                throw e;
            }
            HELD.add(key);
            return new VolumeLock(channel, key, folder.resolve(SERVER), true);
        }
    }

    /** Whether somebody, this process or another, holds the lock of the volume in {@code folder}; changes nothing. */
    static boolean isHeld(Path folder) throws IOException {
        Path file = folder.resolve(LOCK);
        synchronized (HELD) {
            Object key = keyOrNull(file);
            if (key == null || HELD.contains(key)) {
                return key != null;
            }
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
                    FileLock lock = channel.tryLock(0, Long.MAX_VALUE, true)) {
                return lock == null;
            } catch (NoSuchFileException e) {
                return false;
            }
        }
    }

    /** Whether kiobd has been in {@code folder}: there is a lock file. */
    static boolean isThere(Path folder) {
        return Files.isRegularFile(folder.resolve(LOCK), LinkOption.NOFOLLOW_LINKS);
    }

    /** Whether what has the name of the lock file is somebody else's: ours is empty. */
    static boolean isForeign(Path folder) {
        Path file = folder.resolve(LOCK);
        try {
            return Files.exists(file, LinkOption.NOFOLLOW_LINKS) && (!isThere(folder) || Files.size(file) > 0);
        } catch (IOException e) {
            return true;
        }
    }

    /**
     * Whether {@code folder} was made by kiobd, and a deletion was interrupted at its last step: only its owner may enter it, and it holds
     * nothing, or an empty lock file and none of {@code ownNames}. Files of others may be beside that.
     */
    static boolean isShell(Path folder, List<String> ownNames) {
        if (!Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS) || isForeign(folder)) {
            return false;
        }
        try (Stream<Path> entries = Files.list(folder)) {
            List<String> names =
                    entries.map(entry -> String.valueOf(entry.getFileName())).toList();
            boolean isLockOnly =
                    names.isEmpty() || (names.contains(LOCK) && names.stream().noneMatch(ownNames::contains));
            return isLockOnly
                    && Files.getPosixFilePermissions(folder).equals(PosixFilePermissions.fromString("rwx------"));
        } catch (IOException e) {
            return false;
        }
    }

    /** Removes the lock file of a volume that goes away; its lock stays with who holds it until it is closed. */
    static void remove(Path folder) throws IOException {
        Files.deleteIfExists(folder.resolve(SERVER));
        Files.deleteIfExists(folder.resolve(LOCK));
    }

    /** Who says that they serve the volume in {@code folder}; null if nobody does. Says nothing about whether they still live. */
    static @Nullable ServerState announcement(Path folder) {
        try {
            return ServerState.decode(SmallFiles.read(folder.resolve(SERVER)));
        } catch (IOException e) {
            return null;
        }
    }

    private static Object makeKey(Path file) throws IOException {
        // Looked for first: a read-only file system refuses to make it although it is there.
        Object key = keyOrNull(file);
        if (key != null) {
            return key;
        }
        try {
            Files.createFile(file);
        } catch (FileAlreadyExistsException e) {
            if (Files.isSymbolicLink(file)) {
                throw new IOException(file + " is a link to nothing; remove it", e);
            }
        }
        return key(file);
    }

    private static @Nullable Object keyOrNull(Path file) throws IOException {
        try {
            return key(file);
        } catch (NoSuchFileException e) {
            return null;
        }
    }

    private static Object key(Path file) throws IOException {
        BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
        SmallFiles.requireFile(file, attributes);
        Object key = attributes.fileKey();
        return key == null ? file.toRealPath() : key;
    }

    /** Tells others who serves the volume and where to ask it something; forgotten when the lock is closed. */
    public void announce(ServerState state) throws IOException {
        AtomicFiles.write(serverFile, state.encode());
        announced = true;
    }

    @Override
    public void close() {
        synchronized (HELD) {
            if (channel == null || fileKey == null || !channel.isOpen()) {
                return;
            }
            try (FileChannel held = channel) {
                if (announced) {
                    Files.deleteIfExists(serverFile);
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            } finally {
                HELD.remove(fileKey);
            }
        }
    }
}
