package org.kiobd.volume.kiobuf;

import io.netty.buffer.ByteBuf;

/**
 * A run of bytes inside a piece of reference-counted memory: what Linus called {page, offset, length}. It carries no position:
 * cursors have those, so any number of cursors may walk one fragment and carving a piece out copies nothing.
 *
 * <p>Immutable. A fragment that stands in a {@link Kiobuf} owns one reference on its memory; one made by {@link #slice} borrows it.
 */
public final class Fragment {
    private final ByteBuf memory;
    private final int offsetBytes;
    private final int lengthBytes;

    private Fragment(ByteBuf memory, int offsetBytes, int lengthBytes) {
        this.memory = memory;
        this.offsetBytes = offsetBytes;
        this.lengthBytes = lengthBytes;
    }

    /**
     * The bytes {@code [offsetBytes, offsetBytes + lengthBytes)} of {@code memory}, by absolute index: its reader and writer index
     * are neither used nor moved. Takes one reference.
     */
    public static Fragment of(ByteBuf memory, int offsetBytes, int lengthBytes) {
        if (offsetBytes < 0 || lengthBytes < 0 || offsetBytes > memory.capacity() - lengthBytes) {
            throw new IllegalArgumentException("no such fragment: offsetBytes=" + offsetBytes + " lengthBytes="
                    + lengthBytes + " capacityBytes=" + memory.capacity());
        }
        return new Fragment(memory, offsetBytes, lengthBytes);
    }

    /** A part of this fragment; borrows the memory. */
    public Fragment slice(int skipBytes, int newLengthBytes) {
        if (skipBytes < 0 || newLengthBytes < 0 || skipBytes > lengthBytes - newLengthBytes) {
            throw new IllegalArgumentException(
                    "no such slice: skipBytes=" + skipBytes + " lengthBytes=" + newLengthBytes + " of " + lengthBytes);
        }
        return new Fragment(memory, offsetBytes + skipBytes, newLengthBytes);
    }

    public ByteBuf memory() {
        return memory;
    }

    /** Absolute index of the first byte in {@link #memory()}. */
    public int offsetBytes() {
        return offsetBytes;
    }

    public int lengthBytes() {
        return lengthBytes;
    }

    /** Gives one reference on the memory back. */
    void release() {
        memory.release();
    }
}
