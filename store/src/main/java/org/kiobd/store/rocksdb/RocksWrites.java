package org.kiobd.store.rocksdb;

import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.rocksdb.ColumnFamilyHandle;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.WriteBatch;
import org.rocksdb.WriteOptions;

/**
 * Writes batches to an open database, and syncs its log. Borrows the handles of the database. Thread-safe, except that one thread at a
 * time syncs; calls block.
 */
final class RocksWrites {
    private static final byte[] NOTHING = "nothing".getBytes(StandardCharsets.UTF_8);

    private static final long FIRST_PAUSE_NANOS = 500_000;
    private static final long LONGEST_PAUSE_NANOS = 50_000_000;
    private static final long STALLED_NANOS = TimeUnit.SECONDS.toNanos(5);

    private final RocksDB db;
    private final ColumnFamilyHandle blocks;
    private final ColumnFamilyHandle meta;
    private final @Nullable SyncedMark synced;
    private final WriteOptions write;
    private final WriteOptions writeUnstalled;
    private final WriteOptions writeSynced;

    /**
     * @param handles takes the options of the writes
     * @param opened the column families, as {@link RocksSettings#families} orders them; borrowed
     * @param synced borrowed; null if the database is open read-only
     */
    RocksWrites(NativeHandles handles, RocksDB db, RocksDatabase.Families opened, @Nullable SyncedMark synced) {
        this.db = db;
        this.blocks = opened.blocks();
        this.meta = opened.meta();
        this.synced = synced;
        this.write = handles.own(new WriteOptions());
        this.writeUnstalled = handles.own(new WriteOptions().setNoSlowdown(true));
        this.writeSynced = handles.own(new WriteOptions().setSync(true).setNoSlowdown(true));
    }

    /** Writes {@code batch}; if the disk is nearly full, waits only for a limited time, see {@link #writeBounded}. */
    void write(WriteBatch batch, RocksReserve reserve) throws RocksDBException {
        if (reserve.isSpaceLow()) {
            writeBounded(writeUnstalled, batch, reserve::isDiskFull);
        } else {
            db.write(write, batch);
        }
    }

    /** Writes {@code batch}, which is durable when this method returns; waits for room for a limited time only. */
    void writeSynced(WriteBatch batch) throws RocksDBException {
        writeBounded(writeSynced, batch, () -> true);
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
}
