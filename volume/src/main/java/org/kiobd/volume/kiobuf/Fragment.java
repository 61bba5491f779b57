package org.kiobd.volume.kiobuf;

import io.netty.buffer.ByteBuf;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A run of bytes inside a piece of reference-counted memory: what Linus called {page, offset, length}. It carries no position:
 * cursors have those, so any number of cursors may walk one fragment and carving a piece out copies nothing.
 *
 * <p>The bytes of a WRITE may stand in pipes instead ({@link #piped}): whoever asks for memory all the same gets it, by a copy.
 *
 * <p>Immutable. A fragment that stands in a {@link Kiobuf} owns one reference on its memory; one made by {@link #slice} borrows it.
 */
public final class Fragment {
    private final @Nullable ByteBuf memory;
    private final @Nullable PipedPayload piped;
    private final int offsetBytes;
    private final int lengthBytes;

    private Fragment(@Nullable ByteBuf memory, @Nullable PipedPayload piped, int offsetBytes, int lengthBytes) {
        this.memory = memory;
        this.piped = piped;
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
        return new Fragment(memory, null, offsetBytes, lengthBytes);
    }

    /** All of a payload. Takes it. */
    public static Fragment of(PipedPayload payload) {
        return new Fragment(null, payload, 0, payload.lengthBytes());
    }

    /** A part of this fragment; borrows the memory. */
    public Fragment slice(int skipBytes, int newLengthBytes) {
        if (skipBytes < 0 || newLengthBytes < 0 || skipBytes > lengthBytes - newLengthBytes) {
            throw new IllegalArgumentException(
                    "no such slice: skipBytes=" + skipBytes + " lengthBytes=" + newLengthBytes + " of " + lengthBytes);
        }
        return new Fragment(memory, piped, offsetBytes + skipBytes, newLengthBytes);
    }

    public ByteBuf memory() {
        return piped != null ? piped.memory() : Objects.requireNonNull(memory);
    }

    /** Where the bytes stand, the first at {@link #offsetBytes()}; null if that is memory from the beginning. Borrowed. */
    public @Nullable PipedPayload piped() {
        return piped;
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
        if (piped != null) {
            piped.release();
        } else {
            Objects.requireNonNull(memory).release();
        }
    }
}
