package org.kiobd.store.rocksdb;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.kiobd.store.MemberOp;
import org.kiobd.store.ThreadedPort;

/**
 * The progress of one READ, whose blocks arrive in ascending order: it places found blocks in the request's memory, collects holes and
 * counts the bytes done. Not thread-safe.
 */
final class BlockReading {
    private final int blockBytes;
    private final boolean tellHoles;
    private final OpMemory memory;
    private final long startBytes;
    private final long endBytes;
    private final List<ThreadedPort.Hole> holes = new ArrayList<>();
    private long atBytes;

    /** @param tellHoles whether missing blocks are reported as holes instead of being zeroed in memory */
    BlockReading(MemberOp op, int blockBytes, boolean tellHoles) {
        this.blockBytes = blockBytes;
        this.tellHoles = tellHoles;
        this.memory = new OpMemory(op);
        this.startBytes = op.offsetBytes();
        this.endBytes = startBytes + op.lengthBytes();
        this.atBytes = startBytes;
    }

    long startBytes() {
        return startBytes;
    }

    long endBytes() {
        return endBytes;
    }

    /** Returns the number of bytes from the start that are done. */
    long doneBytes() {
        return atBytes - startBytes;
    }

    List<ThreadedPort.Hole> holes() {
        return holes;
    }

    /** Records that nothing is stored between the current position and {@code offsetBytes}: adds a hole or zeroes the memory. */
    void missingUpTo(long offsetBytes) {
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
    ByteBuffer into(long block, ByteBuffer scratch) {
        boolean all = block * blockBytes == atBytes && endBytes - atBytes >= blockBytes;
        return all && memory.isWhole(blockBytes)
                ? memory.whole(blockBytes)
                : scratch.clear().limit(blockBytes);
    }

    /** Records that {@code block} was read into {@code from}, the buffer from {@link #into}; copies it to the request if needed. */
    void found(long block, ByteBuffer from) {
        int skip = (int) (atBytes - block * blockBytes);
        int bytes = (int) Math.min(blockBytes - skip, endBytes - atBytes);
        if (bytes == blockBytes && memory.isWhole(blockBytes)) {
            memory.skip(bytes);
        } else {
            memory.copyFrom(from.clear().position(skip), bytes);
        }
        atBytes += bytes;
    }
}
