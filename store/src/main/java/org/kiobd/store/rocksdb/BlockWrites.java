package org.kiobd.store.rocksdb;

import java.nio.ByteBuffer;
import org.kiobd.store.MemberOp;
import org.kiobd.store.rocksdb.data.BlockBytes;
import org.kiobd.store.rocksdb.data.BlockGuards;
import org.kiobd.store.rocksdb.data.OpMemory;
import org.kiobd.volume.kiobuf.Op;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.WriteBatch;

/**
 * Changes blocks: WRITE, TRIM and WRITE_ZEROES. One call is one batch, so after a crash it is present completely or not at all. A partial
 * block is read, patched and written, under a guard that keeps other writes to it out. Thread-safe; calls block.
 */
final class BlockWrites {
    /** Largest number of blocks that are deleted one by one; a range deletion makes every later read a little slower. */
    private static final int POINT_DELETES = 256;

    private final RocksBlocks blocks;
    private final int blockBytes;
    private final RocksWrites writes;
    private final RocksReserve reserve;
    private final BlockGuards guards = new BlockGuards();

    /** @param reserve borrowed; tells whether the disk is nearly full, so that a write then waits only for a limited time */
    BlockWrites(RocksBlocks blocks, RocksWrites writes, RocksReserve reserve) {
        this.blocks = blocks;
        this.blockBytes = blocks.blockBytes();
        this.writes = writes;
        this.reserve = reserve;
    }

    /** Returns whether {@code op} is a WRITE of whole blocks only, which need not be read first. */
    boolean isWholeWrite(MemberOp op) {
        return op.op() == Op.WRITE
                && !blocks.isInside(op.offsetBytes())
                && !blocks.isInside(op.offsetBytes() + op.lengthBytes());
    }

    /** Writes the operations {@code [from, to)} as one batch. For more than one operation, {@link #isWholeWrite} must hold for each. */
    void write(MemberOp[] ops, int from, int to) throws RocksDBException {
        long bytes = 0;
        BlockGuards.Wanted wanted = new BlockGuards.Wanted();
        for (int i = from; i < to; i++) {
            long start = ops[i].offsetBytes();
            long end = start + ops[i].lengthBytes();
            long first = blocks.blockOf(start);
            long last = blocks.blockOf(end - 1);
            wanted.add(ops[i], blockBytes);
            bytes += ops[i].lengthBytes() + (last - first + 1) * RocksBlocks.OVERHEAD_BYTES;
        }
        try (BlockGuards.Held held = guards.take(wanted);
                WriteBatch batch = new WriteBatch((int) bytes)) {
            for (int i = from; i < to; i++) {
                put(batch, ops[i]);
            }
            blocks.calls().increment();
            writes.write(batch, reserve);
        }
    }

    private void put(WriteBatch batch, MemberOp op) throws RocksDBException {
        long start = op.offsetBytes();
        long end = start + op.lengthBytes();
        OpMemory memory = new OpMemory(op);
        for (long block = blocks.blockOf(start); block <= blocks.blockOf(end - 1); block++) {
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
        ByteBuffer block = blocks.scratch().block().clear();
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
        RocksBlocks.Scratch mine = blocks.scratch();
        ByteBuffer block = mine.block().clear();
        if (blocks.get(mine.key(number), block) == RocksDB.NOT_FOUND) {
            zero(block.clear());
        }
        return block.clear();
    }

    private static void zero(ByteBuffer bytes) {
        while (bytes.remaining() >= Long.BYTES) {
            bytes.putLong(0);
        }
    }

    private void put(WriteBatch batch, long number, ByteBuffer block) throws RocksDBException {
        ByteBuffer key = blocks.scratch().key(number);
        if (BlockBytes.isZero(block)) {
            batch.delete(blocks.family(), key);
        } else {
            batch.put(blocks.family(), key, block);
        }
    }

    /** Executes a TRIM or WRITE_ZEROES: deletes whole blocks and zeroes partial blocks at the two ends. */
    void clear(MemberOp op) throws RocksDBException {
        long start = op.offsetBytes();
        long end = start + op.lengthBytes();
        long first = blocks.blockOf(start);
        long last = blocks.blockOf(end - 1);
        boolean lastPart = blocks.isInside(end);
        boolean firstPart = blocks.isInside(start) || (first == last && lastPart);
        long firstWhole = firstPart ? first + 1 : first;
        long endWhole = lastPart ? last : last + 1;
        BlockGuards.Wanted wanted = new BlockGuards.Wanted();
        wanted.add(op, blockBytes);
        try (BlockGuards.Held held = guards.take(wanted);
                WriteBatch batch = new WriteBatch()) {
            if (firstPart) {
                clearPart(batch, first, start, end);
            }
            if (lastPart && last != first) {
                clearPart(batch, last, start, end);
            }
            delete(batch, firstWhole, endWhole);
            blocks.calls().increment();
            writes.write(batch, reserve);
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
            batch.deleteRange(blocks.family(), keyBytes(firstBlock), keyBytes(endBlock));
        } else {
            for (long block = firstBlock; block < endBlock; block++) {
                batch.delete(blocks.family(), blocks.scratch().key(block));
            }
        }
    }

    private static byte[] keyBytes(long number) {
        return ByteBuffer.allocate(Long.BYTES).putLong(number).array();
    }
}
