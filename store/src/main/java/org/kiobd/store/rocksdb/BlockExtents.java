package org.kiobd.store.rocksdb;

import java.util.List;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.ByteRange;
import org.kiobd.volume.Extent;
import org.kiobd.volume.ExtentList;
import org.rocksdb.ReadOptions;
import org.rocksdb.ReadTier;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;

/** Tells which blocks are stored, and how many only in memory, without reading their data. Thread-safe; calls block. */
final class BlockExtents {
    private final RocksBlocks blocks;
    private final int blockBytes;

    BlockExtents(RocksBlocks blocks) {
        this.blocks = blocks;
        this.blockBytes = blocks.blockBytes();
    }

    /**
     * Returns which blocks are stored, by the rules of {@link org.kiobd.volume.BlockDevice#extents}. After damage, the rest of the range
     * is reported as data; the reads that follow then report exactly what is damaged.
     */
    List<Extent> extents(ByteRange range, int maxExtents) throws RocksDBException {
        ExtentList extents = new ExtentList(maxExtents);
        RocksBlocks.Scratch mine = blocks.scratch();
        long at = range.offsetBytes();
        boolean goesOn = true;
        blocks.calls().increment();
        try (RocksIterator stored = blocks.walk()) {
            stored.seek(mine.key(blocks.blockOf(at)));
            while (goesOn && at < range.endBytes()) {
                long data = nextData(stored, mine, at, range.endBytes());
                if (data > at) {
                    long holeEnd = Math.min(data, range.endBytes());
                    goesOn = extents.add(holeEnd - at, Extent.Kind.HOLE);
                    at = holeEnd;
                } else {
                    long dataEnd = stored.isValid() ? Math.min(data + blockBytes, range.endBytes()) : range.endBytes();
                    goesOn = extents.add(dataEnd - at, Extent.Kind.DATA);
                    at = dataEnd;
                    if (stored.isValid()) {
                        stored.next();
                    }
                }
            }
        }
        return extents.finish();
    }

    /**
     * Returns the offset of the block at which the iterator is, or {@code endBytes} if there is none; returns {@code at} if the iterator
     * has met damage.
     */
    private long nextData(RocksIterator stored, RocksBlocks.Scratch mine, long at, long endBytes)
            throws RocksDBException {
        if (stored.isValid()) {
            return RocksBlocks.number(stored, mine) * blockBytes;
        }
        try {
            stored.status();
            return endBytes;
        } catch (RocksDBException e) {
            if (RocksErrors.isDamage(e)) {
                return at;
            }
            throw e;
        }
    }

    /**
     * Returns an upper bound of the space that a flush of the memtables takes; blocks that were overwritten or cleared in memory do not
     * count.
     */
    long unwrittenBytes() throws BlockIoException {
        long count = 0;
        try (ReadOptions memory = new ReadOptions().setReadTier(ReadTier.MEMTABLE_TIER);
                RocksIterator stored = blocks.walk(memory)) {
            for (stored.seekToFirst(); stored.isValid(); stored.next()) {
                count++;
            }
            stored.status();
            return count * (blockBytes + RocksBlocks.OVERHEAD_BYTES);
        } catch (RocksDBException e) {
            throw RocksErrors.failure("cannot tell what is in memory", e);
        }
    }
}
