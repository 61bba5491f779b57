package org.kiobd.store.rocksdb;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;
import org.kiobd.store.MemberOp;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.ByteRange;
import org.kiobd.volume.Extent;
import org.kiobd.volume.ExtentList;
import org.kiobd.volume.kiobuf.Op;
import org.rocksdb.ReadOptions;
import org.rocksdb.ReadTier;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;
import org.rocksdb.Status;
import org.rocksdb.WriteBatch;

/**
 * The data area of a member as blocks in the database. The key of a block is its number, 8 bytes big-endian, so that adjacent blocks have
 * adjacent keys. A block of zeros is not stored. One operation is one batch, so after a crash it is present completely or not at all.
 * Thread-safe; calls block.
 */
final class RocksBlocks {
    /** Smallest number of blocks for which one iterator costs less than a lookup of each block. */
    private static final int WALK_BLOCKS = 4;

    /** Largest number of blocks that are deleted one by one; a range deletion makes every later read a little slower. */
    private static final int POINT_DELETES = 256;

    private static final int BATCH_OVERHEAD_BYTES = 64;

    private final RocksDatabase database;
    private final int blockBytes;
    private final RocksReserve reserve;
    private final BlockGuards guards = new BlockGuards();
    private final LongAdder calls = new LongAdder();
    private final ThreadLocal<Scratch> scratch = ThreadLocal.withInitial(Scratch::new);

    /** Buffers of one thread that makes calls. */
    private final class Scratch {
        private final ByteBuffer key = ByteBuffer.allocateDirect(Long.BYTES);
        private final ByteBuffer block = ByteBuffer.allocateDirect(blockBytes);

        ByteBuffer key(long number) {
            return key.clear().putLong(number).flip();
        }
    }

    /** @param reserve borrowed; tells whether the disk is nearly full, so that a write then waits only for a limited time */
    RocksBlocks(RocksDatabase database, int blockBytes, RocksReserve reserve) {
        this.reserve = reserve;
        this.database = database;
        this.blockBytes = blockBytes;
    }

    LongAdder calls() {
        return calls;
    }

    private long blockOf(long offsetBytes) {
        return offsetBytes / blockBytes;
    }

    /** Returns whether {@code offsetBytes} is inside a block, not at its start. */
    private boolean isInside(long offsetBytes) {
        return offsetBytes % blockBytes != 0;
    }

    /** Returns whether {@code op} is a WRITE of whole blocks only, which need not be read first. */
    boolean isWholeWrite(MemberOp op) {
        return op.op() == Op.WRITE && !isInside(op.offsetBytes()) && !isInside(op.offsetBytes() + op.lengthBytes());
    }

    /** Writes the operations {@code [from, to)} as one batch. For more than one operation, {@link #isWholeWrite} must hold for each. */
    void write(MemberOp[] ops, int from, int to) throws RocksDBException {
        long bytes = 0;
        BlockGuards.Wanted wanted = new BlockGuards.Wanted();
        for (int i = from; i < to; i++) {
            long start = ops[i].offsetBytes();
            long end = start + ops[i].lengthBytes();
            long first = blockOf(start);
            long last = blockOf(end - 1);
            boolean lastPart = isInside(end);
            wanted.add(first, last, isInside(start) || (first == last && lastPart), lastPart);
            bytes += ops[i].lengthBytes() + (last - first + 1) * BATCH_OVERHEAD_BYTES;
        }
        try (BlockGuards.Held held = guards.take(wanted);
                WriteBatch batch = new WriteBatch((int) bytes)) {
            for (int i = from; i < to; i++) {
                put(batch, ops[i]);
            }
            calls.increment();
            database.write(batch, reserve);
        }
    }

    private void put(WriteBatch batch, MemberOp op) throws RocksDBException {
        long start = op.offsetBytes();
        long end = start + op.lengthBytes();
        OpMemory memory = new OpMemory(op);
        for (long block = blockOf(start); block <= blockOf(end - 1); block++) {
            int inFrom = (int) Math.max(0, start - block * blockBytes);
            int inTo = (int) Math.min(blockBytes, end - block * blockBytes);
            boolean whole = inFrom == 0 && inTo == blockBytes;
            put(batch, block, whole ? whole(memory) : patched(block, inFrom, inTo, memory));
        }
    }

    private ByteBuffer whole(OpMemory memory) {
        if (memory.isWhole(blockBytes)) {
            ByteBuffer inPlace = memory.whole(blockBytes);
            memory.skip(blockBytes);
            return inPlace;
        }
        ByteBuffer block = scratch.get().block.clear();
        memory.copyTo(block, blockBytes);
        return block.flip();
    }

    /** Returns the stored block with the bytes {@code [from, to)} replaced from {@code memory}, in this thread's scratch memory. */
    private ByteBuffer patched(long number, int from, int to, OpMemory memory) throws RocksDBException {
        ByteBuffer block = stored(number);
        memory.copyTo(block.position(from), to - from);
        return block.position(0);
    }

    /** Returns a copy of the stored block, or zeros if it is not stored, in this thread's scratch memory. */
    private ByteBuffer stored(long number) throws RocksDBException {
        Scratch mine = scratch.get();
        ByteBuffer block = mine.block.clear();
        if (get(mine.key(number), block) == RocksDB.NOT_FOUND) {
            zero(block.clear());
        }
        return block.clear();
    }

    private int get(ByteBuffer key, ByteBuffer into) throws RocksDBException {
        calls.increment();
        return whole(database.db().get(database.blocks(), database.read(), key, into));
    }

    /** Returns {@code foundBytes}; throws if it is not the length of a whole block, which would be damage. */
    private int whole(int foundBytes) throws RocksDBException {
        if (foundBytes != RocksDB.NOT_FOUND && foundBytes != blockBytes) {
            throw new RocksDBException(
                    "a block of " + foundBytes + " bytes is stored, and is " + blockBytes,
                    new Status(Status.Code.Corruption, Status.SubCode.None, null));
        }
        return foundBytes;
    }

    private static void zero(ByteBuffer bytes) {
        while (bytes.remaining() >= Long.BYTES) {
            bytes.putLong(0);
        }
    }

    private void put(WriteBatch batch, long number, ByteBuffer block) throws RocksDBException {
        ByteBuffer key = scratch.get().key(number);
        if (isZero(block)) {
            batch.delete(database.blocks(), key);
        } else {
            batch.put(database.blocks(), key, block);
        }
    }

    /** Returns whether all bytes are 0. Data rarely begins with zeros, so this check usually ends at the first word. */
    private static boolean isZero(ByteBuffer block) {
        ByteBuffer words = block.duplicate().order(ByteOrder.nativeOrder());
        while (words.remaining() >= Long.BYTES) {
            if (words.getLong() != 0) {
                return false;
            }
        }
        return true;
    }

    /** Executes a TRIM or WRITE_ZEROES: deletes whole blocks and zeroes partial blocks at the two ends. */
    void clear(MemberOp op) throws RocksDBException {
        long start = op.offsetBytes();
        long end = start + op.lengthBytes();
        long first = blockOf(start);
        long last = blockOf(end - 1);
        boolean lastPart = isInside(end);
        boolean firstPart = isInside(start) || (first == last && lastPart);
        long firstWhole = firstPart ? first + 1 : first;
        long endWhole = lastPart ? last : last + 1;
        BlockGuards.Wanted wanted = new BlockGuards.Wanted();
        wanted.add(first, last, firstPart, lastPart);
        try (BlockGuards.Held held = guards.take(wanted);
                WriteBatch batch = new WriteBatch()) {
            if (firstPart) {
                clearPart(batch, first, start, end);
            }
            if (lastPart && last != first) {
                clearPart(batch, last, start, end);
            }
            delete(batch, firstWhole, endWhole);
            calls.increment();
            database.write(batch, reserve);
        }
    }

    private void clearPart(WriteBatch batch, long number, long start, long end) throws RocksDBException {
        int from = (int) Math.max(0, start - number * blockBytes);
        int to = (int) Math.min(blockBytes, end - number * blockBytes);
        ByteBuffer block = stored(number);
        for (int at = from; at < to; at++) {
            block.put(at, (byte) 0);
        }
        put(batch, number, block);
    }

    private void delete(WriteBatch batch, long firstBlock, long endBlock) throws RocksDBException {
        if (endBlock - firstBlock > POINT_DELETES) {
            batch.deleteRange(database.blocks(), keyBytes(firstBlock), keyBytes(endBlock));
        } else {
            for (long block = firstBlock; block < endBlock; block++) {
                batch.delete(database.blocks(), scratch.get().key(block));
            }
        }
    }

    private static byte[] keyBytes(long number) {
        return ByteBuffer.allocate(Long.BYTES).putLong(number).array();
    }

    /**
     * Executes a READ up to the first block that cannot be read; {@code reading} then tells how many bytes are done.
     *
     * @throws RocksDBException the error that ended the READ early
     */
    void read(BlockReading reading) throws RocksDBException {
        long first = blockOf(reading.startBytes());
        long last = blockOf(reading.endBytes() - 1);
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
        Scratch mine = scratch.get();
        ByteBuffer into = reading.into(block, mine.block);
        if (get(mine.key(block), into) == RocksDB.NOT_FOUND) {
            reading.missingUpTo((block + 1) * blockBytes);
        } else {
            reading.found(block, into);
        }
    }

    private void walk(BlockReading reading, long first, long last) throws RocksDBException {
        Scratch mine = scratch.get();
        calls.increment();
        try (RocksIterator stored = database.db().newIterator(database.blocks(), database.read())) {
            stored.seek(mine.key(first));
            while (stored.isValid()) {
                long block = number(stored, mine);
                if (block > last) {
                    return;
                }
                reading.missingUpTo(block * blockBytes);
                ByteBuffer into = reading.into(block, mine.block);
                whole(stored.value(into));
                reading.found(block, into);
                stored.next();
            }
            stored.status();
        }
    }

    private static long number(RocksIterator stored, Scratch mine) {
        stored.key(mine.key.clear());
        return mine.key.getLong(0);
    }

    /**
     * Returns which blocks are stored, by the rules of {@link org.kiobd.volume.BlockDevice#extents}. After damage, the rest of the range
     * is reported as data; the reads that follow then report exactly what is damaged.
     */
    List<Extent> extents(ByteRange range, int maxExtents) throws RocksDBException {
        ExtentList extents = new ExtentList(maxExtents);
        Scratch mine = scratch.get();
        long at = range.offsetBytes();
        boolean goesOn = true;
        calls.increment();
        try (RocksIterator stored = database.db().newIterator(database.blocks(), database.read())) {
            stored.seek(mine.key(blockOf(at)));
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
     * Returns an upper bound of the space that a flush of the memtables takes; blocks that were overwritten or cleared in memory do not
     * count.
     */
    long unwrittenBytes() throws BlockIoException {
        long count = 0;
        try (ReadOptions memory = new ReadOptions().setReadTier(ReadTier.MEMTABLE_TIER);
                RocksIterator stored = database.db().newIterator(database.blocks(), memory)) {
            for (stored.seekToFirst(); stored.isValid(); stored.next()) {
                count++;
            }
            stored.status();
            return count * (blockBytes + BATCH_OVERHEAD_BYTES);
        } catch (RocksDBException e) {
            throw RocksErrors.failure("cannot tell what is in memory", e);
        }
    }

    /**
     * Returns the offset of the block at which the iterator is, or {@code endBytes} if there is none; returns {@code at} if the iterator
     * has met damage.
     */
    private long nextData(RocksIterator stored, Scratch mine, long at, long endBytes) throws RocksDBException {
        if (stored.isValid()) {
            return number(stored, mine) * blockBytes;
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
}
