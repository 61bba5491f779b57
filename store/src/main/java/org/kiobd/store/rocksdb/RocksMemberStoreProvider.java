package org.kiobd.store.rocksdb;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.kiobd.store.MemberStore;
import org.kiobd.store.MemberStoreProvider;
import org.kiobd.store.MemberUri;
import org.kiobd.store.OpenOptions;
import org.kiobd.store.file.FileSpaces;
import org.kiobd.store.file.MemberLock;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;

/**
 * Makes and opens {@code rocksdb:} members. A member is a folder with a database and a lock file; in addition to RocksDB's own lock, the
 * lock file keeps readers out while a writer has the member open. Owns the cache and the write buffers that its members share; they are
 * freed when the last member is closed. Thread-safe; calls block.
 */
public final class RocksMemberStoreProvider implements MemberStoreProvider {
    private final RocksMemory memory = new RocksMemory();

    @Override
    public String scheme() {
        return "rocksdb";
    }

    @Override
    public void memoryBytes(long bytes) {
        memory.size(bytes);
    }

    @Override
    public MemberStore create(MemberUri uri, long sizeBytes) throws BlockIoException {
        memory.requireOpen();
        RocksOptions options = RocksOptions.parse(uri);
        Path folder = RocksFolder.of(uri);
        RocksFolder.make(folder, options);
        try {
            MemberLock lock = MemberLock.take(folder.resolve(RocksFolder.LOCK), false);
            RocksMember.Place place = new RocksMember.Place(folder, options);
            return member(
                    place,
                    lock,
                    OpenOptions.of(false),
                    () -> RocksDatabase.create(memory, folder.resolve(RocksFolder.DATABASE), options, sizeBytes));
        } catch (BlockIoException e) {
            RocksMemberRemoval.remove(folder);
            throw e;
        }
    }

    @Override
    public MemberStore open(MemberUri uri, boolean readOnly) throws BlockIoException {
        return open(uri, OpenOptions.of(readOnly));
    }

    @Override
    public MemberStore open(MemberUri uri, OpenOptions opening) throws BlockIoException {
        memory.requireOpen();
        boolean readOnly = opening.readOnly();
        Path folder = RocksFolder.of(uri);
        RocksFolder.requireReachable(folder);
        if (!exists(uri)) {
            throw new BlockIoException(
                    IoError.INVALID,
                    folder + (Files.exists(folder) ? " holds no RocksDB member" : " does not exist")
                            + "; nothing was changed; check the path");
        }
        MemberLock lock = MemberLock.take(folder.resolve(RocksFolder.LOCK), readOnly);
        RocksOptions options;
        try {
            options = RocksFolder.options(folder);
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
                        ? RocksDatabase.openReadOnly(memory, folder.resolve(RocksFolder.DATABASE), options)
                        : RocksOpening.open(
                                memory, folder.resolve(RocksFolder.DATABASE), options, new RocksReserve(folder)));
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
        } catch (BlockIoException | RuntimeException e) {
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
                IoError.NOT_SUPPORTED, "member=" + uri + " is a database, not a raw image; create a volume over it");
    }

    @Override
    public boolean exists(MemberUri uri) {
        try {
            return RocksFolder.holdsMember(RocksFolder.of(uri));
        } catch (BlockIoException e) {
            return false;
        }
    }

    @Override
    public long allocatedBytes(MemberUri uri) throws BlockIoException {
        return RocksFolder.bytes(RocksFolder.of(uri), file -> file.endsWith(RocksReserve.FILE) ? 0 : takenBytes(file));
    }

    @Override
    public long exclusiveBytes(MemberUri uri) throws BlockIoException {
        // A file with other hard links keeps its space.
        return RocksFolder.bytes(
                RocksFolder.of(uri),
                file -> Integer.valueOf(1).equals(Files.getAttribute(file, "unix:nlink")) ? takenBytes(file) : 0);
    }

    private static long takenBytes(Path file) throws IOException {
        // Data files are sparse. Others count by their size: of a file just written, the disk may not say yet what it
        // takes.
        return RocksFolder.isDataFile(file) ? FileSpaces.allocatedBytes(file) : Files.size(file);
    }

    @Override
    public boolean isTaken(MemberUri uri) {
        try {
            return Files.exists(RocksFolder.of(uri), LinkOption.NOFOLLOW_LINKS);
        } catch (BlockIoException e) {
            return false;
        }
    }

    @Override
    public void requireUnused(MemberUri uri) throws BlockIoException {
        Path lock = RocksFolder.of(uri).resolve(RocksFolder.LOCK);
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
        Path source = RocksFolder.of(from);
        Path target = RocksFolder.of(to);
        // rename(2) would replace an empty folder; it fails for a file and for a folder that is not empty.
        if (isTaken(to)) {
            throw new BlockIoException(
                    IoError.INVALID, target + " exists already; it was not touched; choose another place");
        }
        try {
            Files.move(source, target, StandardCopyOption.ATOMIC_MOVE);
            RocksFolder.sync(target.resolve("..").normalize());
        } catch (IOException e) {
            throw new BlockIoException(IoError.IO, target + " cannot be made: " + e, e);
        }
    }

    @Override
    public boolean isHalfDeleted(MemberUri uri) {
        try {
            return RocksMemberRemoval.isInterrupted(RocksFolder.of(uri));
        } catch (BlockIoException e) {
            return false;
        }
    }

    @Override
    public void delete(MemberUri uri) throws BlockIoException {
        Path named = RocksFolder.of(uri);
        Path folder = RocksFolder.target(named);
        if (!Files.exists(folder)) {
            RocksFolder.deleteLinks(named);
            return;
        }
        if (!Files.exists(folder.resolve(RocksFolder.LOCK)) && !Files.exists(folder.resolve(RocksMemberRemoval.MARK))) {
            if (Files.isDirectory(folder) && folder.toFile().delete()) {
                // The folder was empty: a crash had interrupted its creation.
                return;
            }
            throw new BlockIoException(IoError.INVALID, folder + " holds no RocksDB member; it was not deleted");
        }
        // The lock shows that nobody uses the member; hold it until the member is removed.
        try (MemberLock lock = MemberLock.take(folder.resolve(RocksFolder.LOCK), false)) {
            RocksMemberRemoval.remove(folder);
        }
        RocksFolder.deleteLinks(named);
    }

    @Override
    public void close() {
        memory.close();
    }
}
