package org.kiobd.store.rocksdb.data;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.kiobd.store.MemberOp;
import org.kiobd.store.ThreadedPort;

/**
 * The progress of one READ, whose blocks arrive in ascending order: it places found blocks in the request's memory, collects holes and
 * counts the bytes done. Not thread-safe.
 */
public final class BlockReading {
    private final int blockBytes;
    private final boolean tellHoles;
    private final OpMemory memory;
    private final long startBytes;
    private final long endBytes;
    private final List<ThreadedPort.Hole> holes = new ArrayList<>();
    private long atBytes;

    /** @param tellHoles whether missing blocks are reported as holes instead of being zeroed in memory */
    public BlockReading(MemberOp op, int blockBytes, boolean tellHoles) {
        this.blockBytes = blockBytes;
        this.tellHoles = tellHoles;
        this.memory = new OpMemory(op);
        this.startBytes = op.offsetBytes();
        this.endBytes = startBytes + op.lengthBytes();
        this.atBytes = startBytes;
    }

    public long startBytes() {
        return startBytes;
    }

    public long endBytes() {
        return endBytes;
    }

    /** Returns the number of bytes from the start that are done. */
    public long doneBytes() {
        return atBytes - startBytes;
    }

    public List<ThreadedPort.Hole> holes() {
        return holes;
    }

    /** Records that nothing is stored between the current position and {@code offsetBytes}: adds a hole or zeroes the memory. */
    public void missingUpTo(long offsetBytes) {
        long to = Math.min(offsetBytes, endBytes);
        if (to <= atBytes) {
            return;
        }
        long bytes = to - atBytes;
        int last = holes.size() - 1;
        if (last >= 0
                && startBytes + holes.get(last).atBytes() + holes.get(last).lengthBytes() == atBytes) {
            ThreadedPort.Hole hole = holes.get(last);
            holes.set(last, new ThreadedPort.Hole(hole.atBytes(), hole.lengthBytes() + bytes));
            memory.skip(bytes);
        } else if (tellHoles && bytes >= blockBytes) {
            holes.add(new ThreadedPort.Hole(atBytes - startBytes, bytes));
            memory.skip(bytes);
        } else {
            memory.zero(bytes);
        }
        atBytes = to;
    }

    /** Returns the buffer to read {@code block}, the next one, into: the request's own memory if possible, otherwise {@code scratch}. */
    public ByteBuffer into(long block, ByteBuffer scratch) {
        return into(block, 1, scratch);
    }

    /**
     * Returns a buffer for up to {@code count} blocks from {@code block} on, which is the next one. The buffer is a part of the request's own
     * memory, as far as that is contiguous. If not even one block is, it is {@code scratch}, which holds one block.
     */
    ByteBuffer into(long block, int count, ByteBuffer scratch) {
        long wholeBytes = block * blockBytes == atBytes ? Math.min(endBytes - atBytes, memory.contiguousBytes()) : 0;
        int blocks = (int) Math.min(count, wholeBytes / blockBytes);
        return blocks == 0 ? scratch.clear().limit(blockBytes) : memory.whole(blocks * blockBytes);
    }

    /** Records that {@code block} was read into {@code from}, the buffer from {@link #into}; copies it to the request if needed. */
    public void found(long block, ByteBuffer from) {
        int skip = (int) (atBytes - block * blockBytes);
        int bytes = (int) Math.min(blockBytes - skip, endBytes - atBytes);
        if (bytes == blockBytes && memory.isWhole(blockBytes)) {
            memory.skip(bytes);
        } else {
            memory.copyFrom(from.clear().position(skip), bytes);
        }
        atBytes += bytes;
    }

    /** Records that {@code block}, the next one, is in {@code from}, which is not the request's memory; copies it there. */
    void copied(long block, ByteBuffer from) {
        int skip = (int) (atBytes - block * blockBytes);
        int bytes = (int) Math.min(blockBytes - skip, endBytes - atBytes);
        memory.copyFrom(from.clear().position(skip), bytes);
        atBytes += bytes;
    }
}
