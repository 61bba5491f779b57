package org.kiobd.manage.catalog;

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
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.kiobd.store.file.SystemErrors;
import org.kiobd.volume.IoError;

/**
 * The right to serve or change a volume, exclusive among processes and within this one. The kernel releases it when the process ends, for
 * whatever reason. Made by {@link VolumeCatalog#lock}; the caller of that method closes it. Any thread.
 */
public final class VolumeLock implements AutoCloseable {
    private static final String LOCK = "lock";
    private static final String SERVER = "server.json";

    /**
     * A process that only checks whether a volume is served holds a shared lock for a moment; all attempts together take longer than that.
     */
    private static final int ATTEMPTS = 25;

    private static final int ATTEMPT_PAUSE_MS = 10;

    /**
     * The lock files that this process holds, by device and inode, and what kiobd may remove with each. The process must not open one of them
     * again: closing any descriptor of a file drops all POSIX locks that the process has on it. Static, because the kernel counts these
     * locks by process, whatever catalog took them.
     */
    private static final Map<Object, Removable> HELD = new HashMap<>();

    /** What kiobd made, and so may remove when the volume's creation fails or the volume is deleted. */
    private enum Removable {
        NOTHING,
        LOCK,
        LOCK_AND_FOLDER
    }

    private final @Nullable FileChannel channel;
    private final @Nullable Object fileKey;
    private final Path serverFile;
    private final boolean exclusive;
    private boolean announced;

    /** @param channel null if there is no file to lock; then {@code fileKey} is null, too */
    private VolumeLock(@Nullable FileChannel channel, @Nullable Object fileKey, Path serverFile, boolean exclusive) {
        this.channel = channel;
        this.fileKey = fileKey;
        this.serverFile = serverFile;
        this.exclusive = exclusive;
    }

    /**
     * Returns whether nobody else may even read the volume now. If not, its holder must neither write nor clean up in the volume's folder:
     * the folder is on read-only media, or belongs to another account.
     */
    public boolean isExclusive() {
        return exclusive;
    }

    /**
     * Takes the lock of the volume in {@code folder}; null if somebody else has it.
     *
     * @param forReading whether a shared lock is enough, or none, if the lock file cannot be written; even then, the members' own locks
     *     keep readers and writers apart
     * @param isNew whether the caller has just made the folder
     */
    static @Nullable VolumeLock tryAcquire(Path folder, boolean forReading, boolean isNew) throws IOException {
        // Before the first attempt, which may make the lock file and yet fail.
        Removable removable = removable(folder, isNew);
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            VolumeLock lock = attempt(folder, forReading, removable);
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

    private static @Nullable VolumeLock attempt(Path folder, boolean forReading, Removable removable)
            throws IOException {
        try {
            return attemptExclusive(folder, removable);
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
            if (key != null && HELD.containsKey(key)) {
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
            HELD.put(key, Removable.NOTHING);
            return new VolumeLock(channel, key, folder.resolve(SERVER), false);
        }
    }

    /** Opens {@code file}; null if this account may not. */
    private static @Nullable FileChannel openForReading(Path file) throws IOException {
        try {
            return FileChannel.open(file, StandardOpenOption.READ);
        } catch (AccessDeniedException e) {
            return null;
        }
    }

    private static @Nullable VolumeLock attemptExclusive(Path folder, Removable removable) throws IOException {
        Path file = folder.resolve(LOCK);
        synchronized (HELD) {
            Object key = makeKey(file);
            if (HELD.containsKey(key)) {
                return null;
            }
            FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE);
            try {
                // If the volume was deleted meanwhile, its lock file is gone, and a lock on the old file keeps nobody
                // out.
                if (channel.tryLock() == null || !key.equals(keyOrNull(file))) {
                    channel.close();
                    return null;
                }
                // A server that was killed could not remove its announcement.
                removeAnnouncement(folder);
                // Nor could killed writers remove their temporary files.
                AtomicFiles.sweep(folder);
            } catch (IOException e) {
                channel.close();
                throw e;
            }
            HELD.put(key, removable);
            return new VolumeLock(channel, key, folder.resolve(SERVER), true);
        }
    }

    private static Removable removable(Path folder, boolean isNew) {
        if (isNew || CatalogLocks.isOurs(folder)) {
            return Removable.LOCK_AND_FOLDER;
        }
        return Files.exists(folder.resolve(LOCK), LinkOption.NOFOLLOW_LINKS) ? Removable.NOTHING : Removable.LOCK;
    }

    /** Returns whether somebody, in this process or in another, holds the lock of the volume in {@code folder}. Changes nothing. */
    static boolean isHeld(Path folder) throws IOException {
        Path file = folder.resolve(LOCK);
        synchronized (HELD) {
            Object key = keyOrNull(file);
            if (key == null || HELD.containsKey(key)) {
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

    /** Returns whether kiobd has used {@code folder}: there is a lock file. */
    static boolean isThere(Path folder) {
        return Files.isRegularFile(folder.resolve(LOCK), LinkOption.NOFOLLOW_LINKS);
    }

    /** Returns whether the file with the lock's name is not kiobd's: a lock file is a regular file and empty. */
    static boolean isForeign(Path folder) {
        Path file = folder.resolve(LOCK);
        try {
            return Files.exists(file, LinkOption.NOFOLLOW_LINKS) && (!isThere(folder) || Files.size(file) > 0);
        } catch (IOException e) {
            return true;
        }
    }

    /**
     * Returns whether kiobd made {@code folder} and a deletion was interrupted at its last step: only its owner may enter it, and it
     * holds nothing, or an empty lock file and none of {@code ownNames}. Files of others may be beside that.
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

    /**
     * Removes the lock file of a volume that is deleted, if kiobd made it. The holder keeps its lock until it closes it.
     *
     * @return whether kiobd made the folder, too, so that it may be removed
     */
    static boolean remove(Path folder) throws IOException {
        Path file = folder.resolve(LOCK);
        synchronized (HELD) {
            Object key = keyOrNull(file);
            Removable removable = key == null ? Removable.NOTHING : HELD.getOrDefault(key, Removable.NOTHING);
            if (removable != Removable.NOTHING) {
                removeAnnouncement(folder);
                Files.deleteIfExists(file);
            }
            return removable == Removable.LOCK_AND_FOLDER;
        }
    }

    /** Returns the server that the announcement in {@code folder} names; null if there is none. That server may have ended. */
    static @Nullable ServerState announcement(Path folder) {
        try {
            return ServerState.decode(SmallFiles.read(folder.resolve(SERVER)));
        } catch (IOException e) {
            return null;
        }
    }

    /** Removes the announcement of a server; anything else with that name is not kiobd's and stays. */
    private static void removeAnnouncement(Path folder) throws IOException {
        Path file = folder.resolve(SERVER);
        if (Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS) && announcement(folder) != null) {
            Files.delete(file);
        }
    }

    private static Object makeKey(Path file) throws IOException {
        // Check first: on a read-only file system, making the file fails even if it exists.
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

    /** Announces to other processes who serves the volume and where its control socket is. Closing the lock removes the announcement. */
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
