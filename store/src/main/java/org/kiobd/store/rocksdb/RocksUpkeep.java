package org.kiobd.store.rocksdb;

import java.util.List;
import org.kiobd.volume.BlockIoException;
import org.rocksdb.ColumnFamilyHandle;
import org.rocksdb.FlushOptions;
import org.rocksdb.MutableColumnFamilyOptions;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Flushes and compacts an open database on request, beside what RocksDB does by itself. Borrows the handles of the database. Thread-safe;
 * calls block, some for as long as reading all files takes.
 */
final class RocksUpkeep {
    private static final Logger LOG = LoggerFactory.getLogger(RocksUpkeep.class);

    private final RocksDB db;
    private final ColumnFamilyHandle blocks;
    private final ColumnFamilyHandle meta;

    /** True on a full disk: the write buffer then holds the whole log, so that RocksDB flushes nothing by itself. */
    private volatile boolean isInMemory;

    RocksUpkeep(RocksDB db, RocksDatabase.Families opened, boolean isInMemory) {
        this.db = db;
        this.blocks = opened.blocks();
        this.meta = opened.meta();
        this.isInMemory = isInMemory;
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

    private void collectValues(boolean collect) throws RocksDBException {
        db.setOptions(
                blocks,
                MutableColumnFamilyOptions.builder()
                        .setEnableBlobGarbageCollection(collect)
                        .build());
    }

    /** Resets the write buffer to its usual size because there is space again, so that RocksDB flushes by itself. */
    void spaceAgain() {
        if (isInMemory) {
            isInMemory = false;
            try {
                db.setOptions(
                        blocks,
                        MutableColumnFamilyOptions.builder()
                                .setWriteBufferSize(RocksSettings.WRITE_BUFFER_BYTES)
                                .build());
            } catch (RocksDBException e) {
                LOG.warn("the size of its buffers stays as it is: {}", e.toString());
            }
        }
    }
}
