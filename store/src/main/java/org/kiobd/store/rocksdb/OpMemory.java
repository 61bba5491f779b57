package org.kiobd.store.rocksdb;

import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import org.kiobd.store.MemberOp;

/**
 * The memory of one operation as a run of bytes that is walked through once, from its start to its end: entry by entry, without copying
 * where a block lies in one of them. Not thread-safe; borrows the operation's memory.
 */
final class OpMemory {
    private final MemberOp op;
    private int entry;
    private long inEntry;

    OpMemory(MemberOp op) {
        this.op = op;
    }

    /** Whether the next {@code bytes} lie in one piece of direct memory. */
    boolean isWhole(int bytes) {
        skipEmpty();
        return op.entryLengthBytes(entry) - inEntry >= bytes && op.memory(entry).isDirect();
    }

    private void skipEmpty() {
        while (entry < op.entries() && inEntry == op.entryLengthBytes(entry)) {
            entry++;
            inEntry = 0;
        }
    }

    /** The next {@code bytes}, which {@link #isWhole}, in place; the walk stays where it is. */
    ByteBuffer whole(int bytes) {
        return op.memory(entry).nioBuffer(at(), bytes);
    }

    /** Goes on, leaving the next {@code bytes} as they are. */
    void skip(long bytes) {
        long left = bytes;
        while (left > 0) {
            int count = next(left);
            inEntry += count;
            left -= count;
        }
    }

    /** Copies the next {@code bytes} to where {@code to} stands. */
    void copyTo(ByteBuffer to, int bytes) {
        int left = bytes;
        while (left > 0) {
            int count = next(left);
            ByteBuf memory = op.memory(entry);
            to.put(memory.nioBuffer(at(), count));
            inEntry += count;
            left -= count;
        }
    }

    /** Copies the next {@code bytes} from where {@code from} stands. */
    void copyFrom(ByteBuffer from, int bytes) {
        int left = bytes;
        while (left > 0) {
            int count = next(left);
            op.memory(entry).setBytes(at(), from.slice(from.position(), count));
            from.position(from.position() + count);
            inEntry += count;
            left -= count;
        }
    }

    /** Zeroes the next {@code bytes}. */
    void zero(long bytes) {
        long left = bytes;
        while (left > 0) {
            int count = next(left);
            op.memory(entry).setZero(at(), count);
            inEntry += count;
            left -= count;
        }
    }

    private int next(long bytes) {
        skipEmpty();
        return (int) Math.min(bytes, op.entryLengthBytes(entry) - inEntry);
    }

    private int at() {
        return op.memoryOffsetBytes(entry) + (int) inEntry;
    }
}
