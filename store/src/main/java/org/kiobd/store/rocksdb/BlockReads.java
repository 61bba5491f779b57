package org.kiobd.store.rocksdb;

import java.nio.ByteBuffer;
import org.kiobd.store.rocksdb.data.BlockReading;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;

/** Reads blocks into the memory of a request: few by lookups, more by one iterator. Thread-safe; calls block. */
final class BlockReads {
    /** Smallest number of blocks for which one iterator costs less than a lookup of each block. */
    private static final int WALK_BLOCKS = 4;

    private final RocksBlocks blocks;
    private final int blockBytes;

    BlockReads(RocksBlocks blocks) {
        this.blocks = blocks;
        this.blockBytes = blocks.blockBytes();
    }

    /**
     * Executes a READ up to the first block that cannot be read; {@code reading} then tells how many bytes are done.
     *
     * @throws RocksDBException the error that ended the READ early
     */
    void read(BlockReading reading) throws RocksDBException {
        long first = blocks.blockOf(reading.startBytes());
        long last = blocks.blockOf(reading.endBytes() - 1);
        if (last - first + 1 < WALK_BLOCKS) {
            for (long block = first; block <= last; block++) {
                lookUp(reading, block);
            }
        } else {
            walk(reading, first, last);
        }
        reading.missingUpTo(reading.endBytes());
    }

    private void lookUp(BlockReading reading, long block) throws RocksDBException {
        RocksBlocks.Scratch mine = blocks.scratch();
        ByteBuffer into = reading.into(block, mine.block());
        if (blocks.get(mine.key(block), into) == RocksDB.NOT_FOUND) {
            reading.missingUpTo((block + 1) * blockBytes);
        } else {
            reading.found(block, into);
        }
    }

    private void walk(BlockReading reading, long first, long last) throws RocksDBException {
        RocksBlocks.Scratch mine = blocks.scratch();
        blocks.calls().increment();
        try (RocksIterator stored = blocks.walk()) {
            stored.seek(mine.key(first));
            while (stored.isValid()) {
                long block = RocksBlocks.number(stored, mine);
                if (block > last) {
                    return;
                }
                reading.missingUpTo(block * blockBytes);
                ByteBuffer into = reading.into(block, mine.block());
                blocks.whole(stored.value(into));
                reading.found(block, into);
                stored.next();
            }
            stored.status();
        }
    }
}
