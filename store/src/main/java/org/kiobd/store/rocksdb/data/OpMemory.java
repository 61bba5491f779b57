package org.kiobd.store.rocksdb.data;

import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import org.kiobd.store.MemberOp;

/**
 * A cursor over the memory of one operation, which it passes once from start to end, entry by entry. A block that is contained in one
 * entry can be used in place, without a copy. Borrows the operation's memory. Not thread-safe.
 */
public final class OpMemory {
    private final MemberOp op;
    private int entry;
    private long inEntry;

    public OpMemory(MemberOp op) {
        this.op = op;
    }

    /** Returns whether the next {@code bytes} bytes are contiguous in direct memory. */
    public boolean isWhole(int bytes) {
        skipEmpty();
        return op.entryLengthBytes(entry) - inEntry >= bytes && op.memory(entry).isDirect();
    }

    /** Returns the number of bytes from here on that are contiguous in direct memory; 0 at the end. */
    public long contiguousBytes() {
        skipEmpty();
        return entry < op.entries() && op.memory(entry).isDirect() ? op.entryLengthBytes(entry) - inEntry : 0;
    }

    private void skipEmpty() {
        while (entry < op.entries() && inEntry == op.entryLengthBytes(entry)) {
            entry++;
            inEntry = 0;
        }
    }

    /** Returns a view of the next {@code bytes} bytes, for which {@link #isWhole} must hold; does not move the cursor. */
    public ByteBuffer whole(int bytes) {
        return op.memory(entry).nioBuffer(at(), bytes);
    }

    /** Skips the next {@code bytes} bytes without changing them. */
    public void skip(long bytes) {
        long left = bytes;
        while (left > 0) {
            int count = next(left);
            inEntry += count;
            left -= count;
        }
    }

    /** Copies the next {@code bytes} bytes to the position of {@code to}. */
    public void copyTo(ByteBuffer to, int bytes) {
        int left = bytes;
        while (left > 0) {
            int count = next(left);
            ByteBuf memory = op.memory(entry);
            to.put(memory.nioBuffer(at(), count));
            inEntry += count;
            left -= count;
        }
    }

    /** Copies {@code bytes} bytes from the position of {@code from} to the cursor. */
    public void copyFrom(ByteBuffer from, int bytes) {
        int left = bytes;
        while (left > 0) {
            int count = next(left);
            op.memory(entry).setBytes(at(), from.slice(from.position(), count));
            from.position(from.position() + count);
            inEntry += count;
            left -= count;
        }
    }

    /** Zeroes the next {@code bytes} bytes. */
    public void zero(long bytes) {
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
