package org.kiobd.store.rocksdb;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.kiobd.store.StallWatch;
import org.kiobd.store.StoreFigures;
import org.kiobd.store.rocksdb.RocksSettings.Mode;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;
import org.rocksdb.ColumnFamilyDescriptor;
import org.rocksdb.ColumnFamilyHandle;
import org.rocksdb.DBOptions;
import org.rocksdb.ReadOptions;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;

/**
 * The open database of one member: opens and checks it, owns its native handles, and tells its figures. {@link RocksWrites} writes to it,
 * {@link RocksMeta} keeps the values that describe the member, {@link RocksUpkeep} flushes and compacts. Thread-safe, but must not be used
 * during or after {@link #close}.
 */
final class RocksDatabase implements AutoCloseable {
    private final NativeHandles handles = new NativeHandles();
    private final RocksDB db;
    private final ColumnFamilyHandle blocks;
    private final ReadOptions read;
    private final RocksWrites writes;
    private final RocksMeta meta;
    private final RocksUpkeep upkeep;
    private final RocksStalls stalls;
    private final @Nullable SyncedMark synced;

    /** The column families of an open database. Borrowed from it. */
    record Families(ColumnFamilyHandle blocks, ColumnFamilyHandle meta) {}

    private RocksDatabase(RocksMemory shared, Path folder, RocksOptions options, Mode mode, long bufferBytes)
            throws BlockIoException, RocksDBException {
        boolean readOnly = mode == Mode.READ;
        boolean isOpen = false;
        try {
            RocksMemory.Share memory = handles.own(shared.share());
            stalls = handles.own(new RocksStalls());
            DBOptions dbOptions = RocksSettings.database(handles, memory, mode).setListeners(List.of(stalls));
            List<ColumnFamilyDescriptor> families =
                    RocksSettings.families(handles, options, memory.cache(), bufferBytes);
            List<ColumnFamilyHandle> opened = new ArrayList<>();
            read = handles.own(new ReadOptions().setVerifyChecksums(true));
            db = handles.own(
                    readOnly
                            ? RocksDB.openReadOnly(dbOptions, folder.toString(), families, opened)
                            : RocksDB.open(dbOptions, folder.toString(), families, opened));
            Families both = new Families(handles.own(opened.get(0)), handles.own(opened.get(1)));
            synced = readOnly ? null : handles.own(SyncedMark.open(folder));
            blocks = both.blocks();
            writes = new RocksWrites(handles, db, both, synced);
            meta = new RocksMeta(db, both.meta(), read, writes);
            upkeep = new RocksUpkeep(db, both, mode == Mode.WRITE_LATER);
            isOpen = true;
        } finally {
            if (!isOpen) {
                handles.close();
            }
        }
    }

    /** Makes a database in {@code folder}, which holds none. */
    static RocksDatabase create(RocksMemory memory, Path folder, RocksOptions options, long sizeBytes)
            throws BlockIoException {
        try {
            RocksDatabase made =
                    new RocksDatabase(memory, folder, options, Mode.CREATE, RocksSettings.WRITE_BUFFER_BYTES);
            try {
                made.meta.putSize(sizeBytes);
                return made;
            } catch (RocksDBException e) {
                made.close();
                throw e;
            }
        } catch (RocksDBException e) {
            throw RocksErrors.failure(folder + ": cannot make a database", e);
        }
    }

    /** Opens the database in {@code folder} read-only; checks that its log and its blob files are complete. */
    static RocksDatabase openReadOnly(RocksMemory memory, Path folder, RocksOptions options) throws BlockIoException {
        try {
            RocksDatabase opened =
                    new RocksDatabase(memory, folder, options, Mode.READ, RocksSettings.WRITE_BUFFER_BYTES);
            try {
                opened.checkIsAll(folder, options);
                return opened;
            } catch (BlockIoException | RocksDBException e) {
                opened.close();
                throw e;
            }
        } catch (RocksDBException e) {
            throw failure(folder, e);
        }
    }

    /** Opens the database in {@code folder} for writing; replays its log. */
    static RocksDatabase openForWriting(RocksMemory memory, Path folder, RocksOptions options) throws BlockIoException {
        return openNow(memory, folder, options, Mode.WRITE, RocksSettings.WRITE_BUFFER_BYTES);
    }

    /**
     * Opens the database in {@code folder} for writing on a full disk. Reads up to {@code logBytes} bytes of its log into memory, and
     * flushes nothing before {@link RocksUpkeep#writeOut} or {@link RocksUpkeep#spaceAgain} is called.
     */
    static RocksDatabase openInMemory(RocksMemory memory, Path folder, RocksOptions options, long logBytes)
            throws BlockIoException {
        return openNow(memory, folder, options, Mode.WRITE_LATER, logBytes);
    }

    private static RocksDatabase openNow(
            RocksMemory memory, Path folder, RocksOptions options, Mode mode, long bufferBytes)
            throws BlockIoException {
        try {
            return new RocksDatabase(memory, folder, options, mode, bufferBytes);
        } catch (RocksDBException e) {
            throw failure(folder, e);
        }
    }

    /** Returns the names of the files that belong to the current state of the database. */
    List<String> liveFiles() throws BlockIoException {
        try {
            return db.getLiveFiles(false).files.stream()
                    .map(name -> name.substring(name.lastIndexOf('/') + 1))
                    .toList();
        } catch (RocksDBException e) {
            throw RocksErrors.failure("cannot tell its files", e);
        }
    }

    private static BlockIoException failure(Path folder, RocksDBException e) {
        return RocksErrors.isDamage(e)
                ? new BlockIoException(IoError.IO, damaged(folder, String.valueOf(e.getMessage())), e)
                : RocksErrors.failure(folder + ": cannot open the database", e);
    }

    private static String damaged(Path folder, String how) {
        return folder + " is damaged and was not opened; nothing in it was changed: " + how;
    }

    /** Checks for losses that RocksDB itself does not report: a missing end of the log, and missing blob files. */
    private void checkIsAll(Path folder, RocksOptions options) throws BlockIoException, RocksDBException {
        // In data files, the mark is about the log of the map.
        long marked = options.data() == RocksOptions.Data.FILES ? 0 : SyncedMark.read(folder);
        long found = db.getLatestSequenceNumber();
        if (found < marked) {
            String how = "its log ends at write=" + found + " and was synced up to write=" + marked
                    + "; put its .log files right, or delete " + SyncedMark.FILE
                    + " there to go on without the writes between";
            throw new BlockIoException(IoError.IO, damaged(folder, how));
        }
        for (String name : db.getLiveFiles(false).files) {
            Path file = folder.resolve(name.substring(name.lastIndexOf('/') + 1));
            if (name.endsWith(".blob") && !Files.exists(file)) {
                throw new BlockIoException(
                        IoError.IO, damaged(folder, file.getFileName() + " is missing; put it back"));
            }
        }
    }

    /** Notes that the writes, or for a member with data files the changes of the map, up to {@code sequence} are durable. */
    void synced(long sequence) {
        if (synced != null) {
            synced.synced(sequence);
        }
    }

    RocksDB db() {
        return db;
    }

    /** Returns the column family that holds the blocks. */
    ColumnFamilyHandle blocks() {
        return blocks;
    }

    ReadOptions read() {
        return read;
    }

    RocksWrites writes() {
        return writes;
    }

    RocksMeta meta() {
        return meta;
    }

    RocksUpkeep upkeep() {
        return upkeep;
    }

    /** Returns the bytes that the data files and the memtables take. */
    long allocatedBytes() throws BlockIoException {
        try {
            long bytes = 0;
            for (String property : List.of(
                    "rocksdb.live-sst-files-size", "rocksdb.live-blob-file-size", "rocksdb.cur-size-all-mem-tables")) {
                bytes += db.getLongProperty(blocks, property);
            }
            return bytes;
        } catch (RocksDBException e) {
            throw RocksErrors.failure("cannot tell the space it takes", e);
        }
    }

    /**
     * Returns figures for users.
     *
     * @param damagedReads one of them
     * @param waits waits for another part of the member, which count as stops; null if there is none
     */
    StoreFigures.Database figures(long damagedReads, @Nullable StallWatch waits) {
        try {
            Map<String, String> told = db.getMapProperty(blocks, RocksStalls.PROPERTY);
            return new StoreFigures.Database(
                    stalls.figures(told, waits),
                    db.getLongProperty(blocks, "rocksdb.cur-size-all-mem-tables"),
                    damagedReads);
        } catch (RocksDBException e) {
            // Statistics must not make a caller fail.
            return new StoreFigures.Database(StoreFigures.WriteStalls.UNKNOWN, -1, damagedReads);
        }
    }

    /**
     * Closes the database on a thread of its own: RocksDB waits for its background work, which on a full disk was seen not to end.
     *
     * @return false if the database is not closed after {@code timeoutS} seconds
     */
    boolean closeWithin(int timeoutS) throws InterruptedException {
        Thread closing = new Thread(this::close, "kiobd-rocksdb-close");
        closing.setDaemon(true);
        closing.start();
        closing.join(TimeUnit.SECONDS.toMillis(timeoutS));
        return !closing.isAlive();
    }

    @Override
    public void close() {
        handles.close();
    }
}
