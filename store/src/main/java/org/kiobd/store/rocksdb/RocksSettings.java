package org.kiobd.store.rocksdb;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.rocksdb.BlockBasedTableConfig;
import org.rocksdb.BloomFilter;
import org.rocksdb.Cache;
import org.rocksdb.ChecksumType;
import org.rocksdb.ColumnFamilyDescriptor;
import org.rocksdb.ColumnFamilyOptions;
import org.rocksdb.DBOptions;
import org.rocksdb.Env;
import org.rocksdb.InfoLogLevel;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.SstFileManager;
import org.rocksdb.WALRecoveryMode;

/**
 * The settings of RocksDB for the database of a member and for its two column families, blocks and meta. Stateless; a caller passes the
 * {@link NativeHandles} that take the objects made here.
 */
final class RocksSettings {
    static final long WRITE_BUFFER_BYTES = 16L << 20;

    private static final byte[] META = "kiobd".getBytes(StandardCharsets.UTF_8);

    private static final int WRITE_BUFFERS = 3;
    /** Small, because after a full disk RocksDB resumes only when the size of the largest write buffer is free. */
    private static final long META_BUFFER_BYTES = 1L << 20;

    private static final long MAX_WAL_BYTES = 512L << 20;
    private static final long MANIFEST_STEP_BYTES = 64 << 10;
    /** A quarter of the jobs flush memtables, for all databases of the process; with a single flush job, writes had to wait for it. */
    private static final int BACKGROUND_JOBS = 8;

    /** Rate of all writers of a database at the beginning of a delay; RocksDB lowers it while compaction falls behind. */
    private static final long DELAYED_BYTES_PER_S = 256L << 20;

    private static final int TABLE_BLOCK_BYTES = 16 << 10;
    private static final int TABLE_FORMAT = 6;
    private static final int BLOOM_BITS = 10;
    private static final int MAX_RANGE_DELETIONS = 500;
    private static final long BLOB_FILE_BYTES = 128L << 20;
    private static final long LEAST_BLOB_BYTES = 1 << 10;
    private static final double BLOB_GARBAGE = 0.5;
    private static final long SYNC_BYTES = 1 << 20;

    /** The ways to open a database. */
    enum Mode {
        CREATE,
        READ,
        WRITE,
        /** Opens for writing on a full disk: the contents of the log stay in memory, as they did before the restart. */
        WRITE_LATER
    }

    private RocksSettings() {}

    /** Returns the settings of the database as a whole, borrowed from {@code handles}. Borrows {@code memory}. */
    static DBOptions database(NativeHandles handles, RocksMemory.Share memory, Mode mode) throws RocksDBException {
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
                .setDelayedWriteRate(DELAYED_BYTES_PER_S)
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

    /**
     * Returns the column families of a database: the blocks, then the values that describe the member. Their settings are borrowed from
     * {@code handles}. Borrows {@code cache}.
     *
     * @param bufferBytes size of a write buffer of the blocks
     */
    static List<ColumnFamilyDescriptor> families(
            NativeHandles handles, RocksOptions options, Cache cache, long bufferBytes) {
        ColumnFamilyOptions blocks = blocks(handles, options, cache).setWriteBufferSize(bufferBytes);
        ColumnFamilyOptions meta = handles.own(new ColumnFamilyOptions()).setWriteBufferSize(META_BUFFER_BYTES);
        return List.of(
                new ColumnFamilyDescriptor(RocksDB.DEFAULT_COLUMN_FAMILY, blocks),
                new ColumnFamilyDescriptor(META, meta));
    }

    private static ColumnFamilyOptions blocks(NativeHandles handles, RocksOptions options, Cache cache) {
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
        if (options.profile() == RocksOptions.Profile.FAST && options.data() == RocksOptions.Data.DATABASE) {
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
}
