package org.kiobd.store.rocksdb;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.kiobd.store.StoreFigures;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;
import org.rocksdb.BlockBasedTableConfig;
import org.rocksdb.BloomFilter;
import org.rocksdb.Cache;
import org.rocksdb.ChecksumType;
import org.rocksdb.ColumnFamilyDescriptor;
import org.rocksdb.ColumnFamilyHandle;
import org.rocksdb.ColumnFamilyOptions;
import org.rocksdb.DBOptions;
import org.rocksdb.Env;
import org.rocksdb.FlushOptions;
import org.rocksdb.InfoLogLevel;
import org.rocksdb.MutableColumnFamilyOptions;
import org.rocksdb.ReadOptions;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.SstFileManager;
import org.rocksdb.WALRecoveryMode;
import org.rocksdb.WriteBatch;
import org.rocksdb.WriteOptions;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The open database of one member: owns its native handles, and reads and writes the few values that describe the member, not its blocks.
 * Thread-safe, but must not be used during or after {@link #close}.
 */
final class RocksDatabase implements AutoCloseable {
    private static final byte[] META = "kiobd".getBytes(StandardCharsets.UTF_8);
    private static final byte[] NOTHING = "nothing".getBytes(StandardCharsets.UTF_8);
    private static final byte[] SIZE = "size".getBytes(StandardCharsets.UTF_8);

    static final long WRITE_BUFFER_BYTES = 16L << 20;
    private static final int WRITE_BUFFERS = 3;
    /** Small, because after a full disk RocksDB resumes only when the size of the largest write buffer is free. */
    private static final long META_BUFFER_BYTES = 1L << 20;

    private static final long MAX_WAL_BYTES = 512L << 20;
    private static final long MANIFEST_STEP_BYTES = 64 << 10;
    /** A quarter of the jobs flush memtables, for all databases of the process; with a single flush job, writes had to wait for it. */
    private static final int BACKGROUND_JOBS = 8;

    private static final int TABLE_BLOCK_BYTES = 16 << 10;
    private static final int TABLE_FORMAT = 6;
    private static final int BLOOM_BITS = 10;
    private static final int MAX_RANGE_DELETIONS = 500;
    private static final long BLOB_FILE_BYTES = 128L << 20;
    private static final long LEAST_BLOB_BYTES = 1 << 10;
    private static final double BLOB_GARBAGE = 0.5;
    private static final long SYNC_BYTES = 1 << 20;
    private static final long FIRST_PAUSE_NANOS = 500_000;
    private static final long LONGEST_PAUSE_NANOS = 50_000_000;
    private static final long STALLED_NANOS = TimeUnit.SECONDS.toNanos(5);
    private static final Logger LOG = LoggerFactory.getLogger(RocksDatabase.class);

    private final NativeHandles handles = new NativeHandles();
    private final RocksDB db;
    private final ColumnFamilyHandle blocks;
    private final ColumnFamilyHandle meta;
    private final WriteOptions write;
    private final WriteOptions writeUnstalled;
    private final WriteOptions writeSynced;
    private final ReadOptions read;
    private final @Nullable SyncedMark synced;

    /** Whether the write buffer is large enough to hold the whole log, so that RocksDB flushes nothing by itself; for a full disk. */
    private volatile boolean isInMemory;

    /** The ways to open a database. */
    private enum Mode {
        CREATE,
        READ,
        WRITE,
        /** Opens for writing on a full disk: the contents of the log stay in memory, as they did before the restart. */
        WRITE_LATER
    }

    private RocksDatabase(Path folder, RocksOptions options, Mode mode, long bufferBytes)
            throws BlockIoException, RocksDBException {
        boolean readOnly = mode == Mode.READ;
        boolean isOpen = false;
        try {
            RocksMemory memory = handles.own(RocksMemory.share());
            DBOptions dbOptions = dbOptions(memory, mode);
            ColumnFamilyOptions blockOptions = blockOptions(options, memory.cache());
            blockOptions.setWriteBufferSize(bufferBytes);
            ColumnFamilyOptions metaOptions =
                    handles.own(new ColumnFamilyOptions()).setWriteBufferSize(META_BUFFER_BYTES);
            List<ColumnFamilyDescriptor> families = List.of(
                    new ColumnFamilyDescriptor(RocksDB.DEFAULT_COLUMN_FAMILY, blockOptions),
                    new ColumnFamilyDescriptor(META, metaOptions));
            List<ColumnFamilyHandle> opened = new ArrayList<>();
            write = handles.own(new WriteOptions());
            writeUnstalled = handles.own(new WriteOptions().setNoSlowdown(true));
            writeSynced = handles.own(new WriteOptions().setSync(true).setNoSlowdown(true));
            read = handles.own(new ReadOptions().setVerifyChecksums(true));
            db = handles.own(
                    readOnly
                            ? RocksDB.openReadOnly(dbOptions, folder.toString(), families, opened)
                            : RocksDB.open(dbOptions, folder.toString(), families, opened));
            synced = readOnly ? null : handles.own(SyncedMark.open(folder));
            blocks = handles.own(opened.get(0));
            meta = handles.own(opened.get(1));
            isInMemory = mode == Mode.WRITE_LATER;
            isOpen = true;
        } finally {
            if (!isOpen) {
                handles.close();
            }
        }
    }

    /** Makes a database in {@code folder}, which holds none. */
    static RocksDatabase create(Path folder, RocksOptions options, long sizeBytes) throws BlockIoException {
        try {
            RocksDatabase made = new RocksDatabase(folder, options, Mode.CREATE, WRITE_BUFFER_BYTES);
            try {
                made.putMeta(
                        SIZE, ByteBuffer.allocate(Long.BYTES).putLong(sizeBytes).array());
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
    static RocksDatabase openReadOnly(Path folder, RocksOptions options) throws BlockIoException {
        try {
            RocksDatabase opened = new RocksDatabase(folder, options, Mode.READ, WRITE_BUFFER_BYTES);
            try {
                opened.checkIsAll(folder);
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
    static RocksDatabase openForWriting(Path folder, RocksOptions options) throws BlockIoException {
        return openNow(folder, options, Mode.WRITE, WRITE_BUFFER_BYTES);
    }

    /**
     * Opens the database in {@code folder} for writing on a full disk. Reads up to {@code logBytes} bytes of its log into memory, and
     * flushes nothing before {@link #writeOut} or {@link #spaceAgain} is called.
     */
    static RocksDatabase openInMemory(Path folder, RocksOptions options, long logBytes) throws BlockIoException {
        return openNow(folder, options, Mode.WRITE_LATER, logBytes);
    }

    private static RocksDatabase openNow(Path folder, RocksOptions options, Mode mode, long bufferBytes)
            throws BlockIoException {
        try {
            return new RocksDatabase(folder, options, mode, bufferBytes);
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
    private void checkIsAll(Path folder) throws BlockIoException, RocksDBException {
        long synced = SyncedMark.read(folder);
        long found = db.getLatestSequenceNumber();
        if (found < synced) {
            String how = "its log ends at write=" + found + " and was synced up to write=" + synced
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

    /** Writes {@code batch}; if the disk is nearly full, waits only for a limited time, see {@link #writeBounded}. */
    void write(WriteBatch batch, RocksReserve reserve) throws RocksDBException {
        if (reserve.isSpaceLow()) {
            writeBounded(writeUnstalled, batch, reserve::isDiskFull);
        } else {
            db.write(write, batch);
        }
    }

    /**
     * Writes {@code batch}. Where RocksDB would block until a flush makes room, this method waits itself and gives up after {@link
     * #STALLED_NANOS} if {@code isHopeless}, because on a full disk no flush finishes.
     */
    private void writeBounded(WriteOptions options, WriteBatch batch, BooleanSupplier isHopeless)
            throws RocksDBException {
        long startNanos = System.nanoTime();
        long pauseNanos = FIRST_PAUSE_NANOS;
        while (true) {
            try {
                db.write(options, batch);
                return;
            } catch (RocksDBException e) {
                if (!RocksErrors.isStall(e)) {
                    throw e;
                }
                boolean isStopped = db.getLongProperty(blocks, "rocksdb.is-write-stopped") != 0;
                if (!isStopped && !options.sync()) {
                    // Writes are only slowed down, not stopped. RocksDB accounts for the delay of each write, so leave
                    // the wait to it.
                    db.write(write, batch);
                    return;
                }
                if (System.nanoTime() - startNanos > STALLED_NANOS && isHopeless.getAsBoolean()) {
                    throw e;
                }
            }
            LockSupport.parkNanos(pauseNanos);
            pauseNanos = Math.min(LONGEST_PAUSE_NANOS, 2 * pauseNanos);
        }
    }

    /** Makes a write that changes nothing; throws if RocksDB accepts no writes. */
    void tryWrite() throws RocksDBException {
        db.delete(meta, writeUnstalled, NOTHING);
    }

    /** Makes all writes before this call durable. */
    void sync() throws RocksDBException {
        long sequence = db.getLatestSequenceNumber();
        db.flushWal(true);
        SyncedMark mark = synced;
        if (mark != null) {
            mark.synced(sequence);
        }
    }

    private DBOptions dbOptions(RocksMemory memory, Mode mode) throws RocksDBException {
        boolean create = mode == Mode.CREATE;
        DBOptions dbOptions = handles.own(new DBOptions());
        if (mode != Mode.WRITE_LATER) {
            dbOptions.setWriteBufferManager(memory.writeBuffers());
        }
        return dbOptions
                .setCreateIfMissing(create)
                .setErrorIfExists(create)
                .setCreateMissingColumnFamilies(create)
                .setParanoidChecks(true)
                .setAvoidFlushDuringRecovery(mode == Mode.WRITE_LATER)
                .setRateLimiter(memory.rateLimiter())
                // The manager polls for free space after ENOSPC. Not shared: a manager for all databases did not notice
                // free space for a minute.
                .setSstFileManager(handles.own(new SstFileManager(Env.getDefault())))
                // Recycled logs would make syncs cheaper, but would never free their space.
                .setRecycleLogFileNum(0)
                .setWalRecoveryMode(WALRecoveryMode.PointInTimeRecovery)
                // An acknowledged write must have left the process.
                .setManualWalFlush(Boolean.getBoolean("kiobd.rocksdb.unsafe-manual-wal-flush"))
                // A member is thin: no space is allocated ahead of the data.
                .setAllowFAllocate(false)
                .setManifestPreallocationSize(MANIFEST_STEP_BYTES)
                .setMaxTotalWalSize(MAX_WAL_BYTES)
                .setBytesPerSync(SYNC_BYTES)
                .setWalBytesPerSync(0)
                .setMaxBackgroundJobs(BACKGROUND_JOBS)
                .setMaxOpenFiles(-1)
                .setInfoLogLevel(InfoLogLevel.WARN_LEVEL)
                .setKeepLogFileNum(2)
                .setStatsDumpPeriodSec(0)
                .setStatsPersistPeriodSec(0);
    }

    private ColumnFamilyOptions blockOptions(RocksOptions options, Cache cache) {
        BlockBasedTableConfig table = new BlockBasedTableConfig()
                .setBlockCache(cache)
                .setBlockSize(TABLE_BLOCK_BYTES)
                .setFilterPolicy(handles.own(new BloomFilter(BLOOM_BITS)))
                .setCacheIndexAndFilterBlocks(true)
                .setPinL0FilterAndIndexBlocksInCache(true)
                .setChecksumType(ChecksumType.kXXH3)
                .setFormatVersion(TABLE_FORMAT);
        ColumnFamilyOptions family = handles.own(new ColumnFamilyOptions())
                .setTableFormatConfig(table)
                .setMaxWriteBufferNumber(WRITE_BUFFERS)
                .setLevelCompactionDynamicLevelBytes(true)
                .setMemtableMaxRangeDeletions(MAX_RANGE_DELETIONS)
                .setCompressionType(options.compression().type());
        if (options.profile() == RocksOptions.Profile.FAST) {
            family.setEnableBlobFiles(true)
                    .setMinBlobSize(LEAST_BLOB_BYTES)
                    .setBlobFileSize(BLOB_FILE_BYTES)
                    .setBlobCompressionType(options.compression().type())
                    .setEnableBlobGarbageCollection(true)
                    .setBlobGarbageCollectionAgeCutoff(BLOB_GARBAGE)
                    .setBlobGarbageCollectionForceThreshold(BLOB_GARBAGE);
        }
        return family;
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

    long sizeBytes() throws BlockIoException {
        byte[] size = meta(SIZE);
        if (size == null || size.length != Long.BYTES) {
            throw new BlockIoException(
                    IoError.IO, "the database does not say how large the member is; it was made half");
        }
        return ByteBuffer.wrap(size).getLong();
    }

    void sizeBytes(long newSizeBytes) throws BlockIoException {
        try {
            putMeta(SIZE, ByteBuffer.allocate(Long.BYTES).putLong(newSizeBytes).array());
        } catch (RocksDBException e) {
            throw RocksErrors.failure("cannot record the new size", e);
        }
    }

    byte @Nullable [] superblock(int copy) throws BlockIoException {
        return meta(superblockKey(copy));
    }

    /** Writes a superblock copy; it is durable when this method returns. */
    void superblock(int copy, byte[] bytes) throws BlockIoException {
        try {
            putMeta(superblockKey(copy), bytes);
        } catch (RocksDBException e) {
            throw RocksErrors.failure("cannot write superblock copy=" + copy, e);
        }
    }

    private static byte[] superblockKey(int copy) {
        return ("superblock." + copy).getBytes(StandardCharsets.UTF_8);
    }

    private byte @Nullable [] meta(byte[] key) throws BlockIoException {
        try {
            return db.get(meta, read, key);
        } catch (RocksDBException e) {
            throw RocksErrors.failure("cannot read " + new String(key, StandardCharsets.UTF_8), e);
        }
    }

    private void putMeta(byte[] key, byte[] value) throws RocksDBException {
        try (WriteBatch batch = new WriteBatch()) {
            batch.put(meta, key, value);
            writeBounded(writeSynced, batch, () -> true);
        }
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

    /** Returns figures for users; {@code damagedReads} is one of them. */
    StoreFigures.Database figures(long damagedReads) {
        try {
            Map<String, String> told = db.getMapProperty(blocks, "rocksdb.cfstats");
            return new StoreFigures.Database(
                    whole(told.get("io_stalls.total-delays")),
                    whole(told.get("io_stalls.total-stops")),
                    db.getLongProperty(blocks, "rocksdb.cur-size-all-mem-tables"),
                    damagedReads);
        } catch (RocksDBException e) {
            // Statistics must not make a caller fail.
            return new StoreFigures.Database(-1, -1, -1, damagedReads);
        }
    }

    private static long whole(@Nullable String text) {
        return text == null ? 0 : (long) Double.parseDouble(text);
    }

    /** Flushes the memtables to files and waits until that is done. */
    void writeOut() throws BlockIoException {
        try (FlushOptions wait = new FlushOptions().setWaitForFlush(true)) {
            db.flush(wait, List.of(blocks, meta));
        } catch (RocksDBException e) {
            throw RocksErrors.failure("cannot write out what is in memory", e);
        }
    }

    /** Rewrites the files without deleted and overwritten data. Takes as long as reading them. */
    void compact() throws BlockIoException {
        writeOut();
        try {
            db.compactRange(blocks);
        } catch (RocksDBException e) {
            throw RocksErrors.failure("cannot compact", e);
        }
    }

    /** Compacts with little free space: deletes the blob files that hold no live value, and rewrites no other blob files. */
    void compactFrugally() throws BlockIoException {
        try {
            collectValues(false);
            try {
                compact();
            } finally {
                collectValues(true);
            }
        } catch (RocksDBException e) {
            throw RocksErrors.failure("cannot compact", e);
        }
    }

    /** Resets the write buffer to its usual size because there is space again, so that RocksDB flushes by itself. */
    void spaceAgain() {
        if (isInMemory) {
            isInMemory = false;
            try {
                db.setOptions(
                        blocks,
                        MutableColumnFamilyOptions.builder()
                                .setWriteBufferSize(WRITE_BUFFER_BYTES)
                                .build());
            } catch (RocksDBException e) {
                LOG.warn("the size of its buffers stays as it is: {}", e.toString());
            }
        }
    }

    private void collectValues(boolean collect) throws RocksDBException {
        db.setOptions(
                blocks,
                MutableColumnFamilyOptions.builder()
                        .setEnableBlobGarbageCollection(collect)
                        .build());
    }

    @Override
    public void close() {
        handles.close();
    }
}
