package org.kiobd.store.rocksdb;

import java.nio.ByteBuffer;
import java.util.concurrent.atomic.LongAdder;
import org.rocksdb.ColumnFamilyHandle;
import org.rocksdb.ReadOptions;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;
import org.rocksdb.Status;

/**
 * The data area of a member as blocks in the database. The key of a block is its number, 8 bytes big-endian, so that adjacent blocks have
 * adjacent keys. A block of zeros is not stored. This class finds blocks; {@link BlockWrites}, {@link BlockReads} and {@link BlockExtents}
 * work with what it finds. Borrows the database. Thread-safe; calls block.
 */
final class RocksBlocks {
    /** Bytes that a stored block takes beside its own, estimated high: key, sequence number, checksum. */
    static final int OVERHEAD_BYTES = 64;

    private final RocksDB db;
    private final ColumnFamilyHandle family;
    private final ReadOptions read;
    private final int blockBytes;
    private final LongAdder calls = new LongAdder();
    private final ThreadLocal<Scratch> scratch = ThreadLocal.withInitial(this::newScratch);

    /** Buffers of one thread that makes calls, so that a call allocates none. Used by that thread only. */
    static final class Scratch {
        private final ByteBuffer key = ByteBuffer.allocateDirect(Long.BYTES);
        private final ByteBuffer block;

        private Scratch(int blockBytes) {
            block = ByteBuffer.allocateDirect(blockBytes);
        }

        /** Returns the key of a block, borrowed until the next call of this method. */
        ByteBuffer key(long number) {
            return key.clear().putLong(number).flip();
        }

        /** Returns memory for one block, borrowed; its position and limit are those of the last use. */
        ByteBuffer block() {
            return block;
        }
    }

    /** @param blockBytes bytes stored under one key, 4096 to 65536, a power of two */
    RocksBlocks(RocksDatabase database, int blockBytes) {
        this.db = database.db();
        this.family = database.blocks();
        this.read = database.read();
        this.blockBytes = blockBytes;
    }

    private Scratch newScratch() {
        return new Scratch(blockBytes);
    }

    /** Returns the buffers of the calling thread. */
    Scratch scratch() {
        return scratch.get();
    }

    /** Returns the counter of the calls to RocksDB that moved or synced data. */
    LongAdder calls() {
        return calls;
    }

    int blockBytes() {
        return blockBytes;
    }

    ColumnFamilyHandle family() {
        return family;
    }

    /** Returns the number of the block that contains {@code offsetBytes}. */
    long blockOf(long offsetBytes) {
        return offsetBytes / blockBytes;
    }

    /** Returns whether {@code offsetBytes} is inside a block, not at its start. */
    boolean isInside(long offsetBytes) {
        return offsetBytes % blockBytes != 0;
    }

    /** Reads the block with {@code key} into {@code into}; returns its length, or {@link RocksDB#NOT_FOUND}. Borrows both. */
    int get(ByteBuffer key, ByteBuffer into) throws RocksDBException {
        calls.increment();
        return whole(db.get(family, read, key, into));
    }

    /** Returns {@code foundBytes}; throws if it is not the length of a whole block, which would be damage. */
    int whole(int foundBytes) throws RocksDBException {
        if (foundBytes != RocksDB.NOT_FOUND && foundBytes != blockBytes) {
            throw new RocksDBException(
                    "a block of " + foundBytes + " bytes is stored, and is " + blockBytes,
                    new Status(Status.Code.Corruption, Status.SubCode.None, null));
        }
        return foundBytes;
    }

    /** Returns an iterator over the stored blocks, at none yet; the caller closes it. */
    RocksIterator walk() {
        return walk(read);
    }

    /** Returns an iterator over the blocks that {@code options} select. Borrows them while the iterator is open. */
    RocksIterator walk(ReadOptions options) {
        return db.newIterator(family, options);
    }

    /** Returns the number of the block at which {@code stored} is. */
    static long number(RocksIterator stored, Scratch mine) {
        stored.key(mine.key.clear());
        return mine.key.getLong(0);
    }
}
