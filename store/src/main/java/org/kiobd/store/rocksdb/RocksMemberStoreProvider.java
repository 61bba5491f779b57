package org.kiobd.store.rocksdb;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.kiobd.store.MemberStore;
import org.kiobd.store.MemberStoreProvider;
import org.kiobd.store.MemberUri;
import org.kiobd.store.OpenOptions;
import org.kiobd.store.file.FileMemberStoreProvider;
import org.kiobd.store.file.MemberLock;
import org.kiobd.store.file.SystemErrors;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;

/**
 * Makes and opens {@code rocksdb:} members. A member is a folder with a database and a lock file; in addition to RocksDB's own lock, the
 * lock file keeps readers out while a writer has the member open. Thread-safe.
 */
public final class RocksMemberStoreProvider implements MemberStoreProvider {
    static final String DATABASE = "db";
    static final String LOCK = "member.lock";
    static final String OPTIONS = "member.options";
    private static final Set<PosixFilePermission> OWNER_ONLY = PosixFilePermissions.fromString("rw-------");
    private static final Set<PosixFilePermission> OWNER_ONLY_FOLDER = PosixFilePermissions.fromString("rwx------");

    @Override
    public String scheme() {
        return "rocksdb";
    }

    @Override
    public void memoryBytes(long bytes) {
        RocksMemory.size(bytes);
    }

    @Override
    public MemberStore create(MemberUri uri, long sizeBytes) throws BlockIoException {
        RocksOptions options = RocksOptions.parse(uri);
        Path folder = folder(uri);
        make(folder, options);
        try {
            MemberLock lock = MemberLock.take(folder.resolve(LOCK), false);
            RocksMember.Place place = new RocksMember.Place(folder, options);
            return member(
                    place,
                    lock,
                    OpenOptions.of(false),
                    () -> RocksDatabase.create(folder.resolve(DATABASE), options, sizeBytes));
        } catch (BlockIoException e) {
            remove(folder);
            throw e;
        }
    }

    /** Makes the folder of a member that has no database yet. */
    static void make(Path folder, RocksOptions options) throws BlockIoException {
        try {
            Files.createDirectory(folder, PosixFilePermissions.asFileAttribute(OWNER_ONLY_FOLDER));
        } catch (IOException e) {
            throw new BlockIoException(
                    IoError.INVALID,
                    folder
                            + (Files.exists(folder)
                                    ? " exists already; it was not touched; choose another place"
                                    : " cannot be made: " + e),
                    e);
        }
        try {
            Files.createFile(folder.resolve(LOCK), PosixFilePermissions.asFileAttribute(OWNER_ONLY));
            store(folder, options);
        } catch (IOException e) {
            remove(folder);
            throw new BlockIoException(IoError.IO, folder + ": cannot be written: " + e, e);
        }
    }

    /** Stores the options in a file of their own, because they are needed before the database can be opened. */
    private static void store(Path folder, RocksOptions options) throws IOException {
        Path made = Files.createFile(folder.resolve(OPTIONS), PosixFilePermissions.asFileAttribute(OWNER_ONLY));
        Files.writeString(made, options + System.lineSeparator());
        for (Path durable :
                List.of(folder.resolve(OPTIONS), folder, folder.resolve("..").normalize())) {
            sync(durable);
        }
    }

    static void sync(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    private static RocksOptions stored(Path folder) throws BlockIoException {
        try {
            return RocksOptions.parse(Files.readString(folder.resolve(OPTIONS)).strip());
        } catch (IOException e) {
            throw SystemErrors.failure(
                    folder.resolve(OPTIONS) + " cannot be read, and says how the member was made", e);
        }
    }

    @Override
    public MemberStore open(MemberUri uri, boolean readOnly) throws BlockIoException {
        return open(uri, OpenOptions.of(readOnly));
    }

    @Override
    public MemberStore open(MemberUri uri, OpenOptions opening) throws BlockIoException {
        boolean readOnly = opening.readOnly();
        Path folder = folder(uri);
        requireReachable(folder);
        if (!exists(uri)) {
            throw new BlockIoException(
                    IoError.INVALID,
                    folder + (Files.exists(folder) ? " holds no RocksDB member" : " does not exist")
                            + "; nothing was changed; check the path");
        }
        MemberLock lock = MemberLock.take(folder.resolve(LOCK), readOnly);
        RocksOptions options;
        try {
            options = stored(folder);
        } catch (BlockIoException e) {
            lock.close();
            throw e;
        }
        RocksMember.Place place = new RocksMember.Place(folder, options);
        return member(
                place,
                lock,
                opening,
                () -> readOnly
                        ? RocksDatabase.openReadOnly(folder.resolve(DATABASE), options)
                        : RocksOpening.open(folder.resolve(DATABASE), options, new RocksReserve(folder)));
    }

    /** Throws if {@code folder} cannot be accessed, so that this is not reported as a missing member. */
    private static void requireReachable(Path folder) throws BlockIoException {
        try {
            Files.readAttributes(folder.resolve(DATABASE).resolve("CURRENT"), BasicFileAttributes.class);
        } catch (IOException e) {
            BlockIoException failure = SystemErrors.failure(folder + " cannot be looked at", e);
            if (!failure.error().isDamage()) {
                throw failure;
            }
        }
    }

    @FunctionalInterface
    private interface Opening {
        RocksDatabase open() throws BlockIoException;
    }

    /** Opens a member. Takes {@code lock}, and closes it if the member cannot be opened. */
    private static MemberStore member(RocksMember.Place place, MemberLock lock, OpenOptions options, Opening opening)
            throws BlockIoException {
        RocksDatabase database = null;
        try {
            database = opening.open();
            return new RocksMember(place, lock, database, options);
        } catch (BlockIoException e) {
            if (database != null) {
                database.close();
            }
            lock.close();
            throw e;
        }
    }

    @Override
    public MemberStore openRaw(MemberUri uri, boolean readOnly) throws BlockIoException {
        throw new BlockIoException(
                IoError.NOT_SUPPORTED, "member=" + uri + " is a database, not a plain image; create a volume over it");
    }

    static Path folder(MemberUri uri) throws BlockIoException {
        String location = uri.location().split("\\?", 2)[0];
        if (location.isEmpty()) {
            throw new BlockIoException(IoError.INVALID, "member=" + uri + " names no folder; say rocksdb:PATH");
        }
        try {
            return Path.of(location).toAbsolutePath().normalize();
        } catch (InvalidPathException e) {
            throw new BlockIoException(IoError.INVALID, "member=" + uri + " is no path: " + e.getReason(), e);
        }
    }

    @Override
    public boolean exists(MemberUri uri) {
        try {
            return Files.exists(folder(uri).resolve(DATABASE).resolve("CURRENT"));
        } catch (BlockIoException e) {
            return false;
        }
    }

    @Override
    public long allocatedBytes(MemberUri uri) throws BlockIoException {
        return bytes(uri, file -> file.endsWith(RocksReserve.FILE) ? 0 : Files.size(file));
    }

    /** Tells how many bytes of a file to count. */
    @FunctionalInterface
    private interface Measure {
        long bytes(Path file) throws IOException;
    }

    /** Sums up the files in the two folders of a member only, because a URI may name any folder; returns -1 if there is no member. */
    private long bytes(MemberUri uri, Measure measure) throws BlockIoException {
        Path folder = folder(uri);
        long bytes = 0;
        for (Path each : List.of(folder, folder.resolve(DATABASE))) {
            try (Stream<Path> files = Files.list(each)) {
                for (Path file : files.filter(Files::isRegularFile).toList()) {
                    bytes += measure.bytes(file);
                }
            } catch (NoSuchFileException e) {
                // Compaction may have removed the file. Only if the database is missing, too, there is no member.
                if (!exists(uri)) {
                    return -1;
                }
            } catch (IOException | UncheckedIOException e) {
                BlockIoException failure = SystemErrors.failure(folder + " cannot be looked at", e);
                if (!failure.error().isDamage()) {
                    throw failure;
                }
                return -1;
            }
        }
        return exists(uri) ? bytes : -1;
    }

    @Override
    public long exclusiveBytes(MemberUri uri) throws BlockIoException {
        // A file with other hard links keeps its space.
        return bytes(
                uri, file -> Integer.valueOf(1).equals(Files.getAttribute(file, "unix:nlink")) ? Files.size(file) : 0);
    }

    @Override
    public boolean isTaken(MemberUri uri) {
        try {
            return Files.exists(folder(uri), LinkOption.NOFOLLOW_LINKS);
        } catch (BlockIoException e) {
            return false;
        }
    }

    @Override
    public void requireUnused(MemberUri uri) throws BlockIoException {
        Path lock = folder(uri).resolve(LOCK);
        if (Files.exists(lock)) {
            MemberLock.take(lock, false).close();
        }
    }

    @Override
    public boolean canRename() {
        return true;
    }

    @Override
    public void rename(MemberUri from, MemberUri to) throws BlockIoException {
        Path source = folder(from);
        Path target = folder(to);
        // rename(2) would replace an empty folder; it fails for a file and for a folder that is not empty.
        if (isTaken(to)) {
            throw new BlockIoException(
                    IoError.INVALID, target + " exists already; it was not touched; choose another place");
        }
        try {
            Files.move(source, target, StandardCopyOption.ATOMIC_MOVE);
            sync(target.resolve("..").normalize());
        } catch (IOException e) {
            throw new BlockIoException(IoError.IO, target + " cannot be made: " + e, e);
        }
    }

    @Override
    public boolean isHalfDeleted(MemberUri uri) {
        try {
            return RocksMemberRemoval.isInterrupted(folder(uri));
        } catch (BlockIoException e) {
            return false;
        }
    }

    @Override
    public void delete(MemberUri uri) throws BlockIoException {
        Path named = folder(uri);
        Path folder = target(named);
        if (!Files.exists(folder)) {
            deleteLinks(named);
            return;
        }
        if (!Files.exists(folder.resolve(LOCK)) && !Files.exists(folder.resolve(RocksMemberRemoval.MARK))) {
            if (Files.isDirectory(folder) && folder.toFile().delete()) {
                // The folder was empty: a crash had interrupted its creation.
                return;
            }
            throw new BlockIoException(IoError.INVALID, folder + " holds no RocksDB member; it was not deleted");
        }
        // The lock shows that nobody uses the member; hold it until the member is removed.
        try (MemberLock lock = MemberLock.take(folder.resolve(LOCK), false)) {
            remove(folder);
        }
        deleteLinks(named);
    }

    /** Returns the real path of a member that may be named by a symbolic link. */
    private static Path target(Path named) throws BlockIoException {
        try {
            return Files.exists(named) ? named.toRealPath() : named;
        } catch (IOException e) {
            throw new BlockIoException(IoError.IO, named + ": cannot tell where it leads: " + e, e);
        }
    }

    private static void deleteLinks(Path named) throws BlockIoException {
        try {
            FileMemberStoreProvider.deleteLinks(named);
        } catch (BlockIoException e) {
            throw e;
        } catch (IOException e) {
            throw new BlockIoException(IoError.IO, named + ": cannot delete the link: " + e, e);
        }
    }

    static void remove(Path folder) throws BlockIoException {
        RocksMemberRemoval.remove(folder);
    }
}
