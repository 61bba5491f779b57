package org.kiobd.store.rocksdb;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.kiobd.store.MemberOp;
import org.kiobd.store.ThreadedPort;

/** A READ as its blocks turn up, in ascending order: what has come, what is missing, and how far it is. Not thread-safe. */
final class BlockReading {
    private final int blockBytes;
    private final boolean tellHoles;
    private final OpMemory memory;
    private final long startBytes;
    private final long endBytes;
    private final List<ThreadedPort.Hole> holes = new ArrayList<>();
    private long atBytes;

    /** @param tellHoles whether missing blocks are told, rather than zeroed */
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

    /** Bytes from the start that are answered. */
    long doneBytes() {
        return atBytes - startBytes;
    }

    List<ThreadedPort.Hole> holes() {
        return holes;
    }

    /** Nothing is stored from where it stands up to {@code offsetBytes}. */
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

    /** Where {@code block}, which comes next, is best read to: the request's own memory, or {@code scratch}. */
    ByteBuffer into(long block, ByteBuffer scratch) {
        boolean all = block * blockBytes == atBytes && endBytes - atBytes >= blockBytes;
        return all && memory.isWhole(blockBytes)
                ? memory.whole(blockBytes)
                : scratch.clear().limit(blockBytes);
    }

    /** {@code block} was read to {@code from}, as {@link #into} said. */
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
