package org.kiobd.volume.kiobuf;

import io.netty.buffer.ByteBuf;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A run of bytes inside a piece of reference-counted memory: what Linus called {page, offset, length}. It carries no position, since
 * positions are in cursors; so any number of cursors may walk one fragment, and cutting a piece out copies nothing.
 *
 * <p>The bytes of a WRITE may be in pipes instead ({@link PipedPayload}); {@link #memory} then moves them to memory.
 *
 * <p>Immutable. A fragment in a {@link Kiobuf} owns one reference on its memory; a fragment made by {@link #slice} borrows the memory.
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
     * Returns a fragment of the bytes {@code [offsetBytes, offsetBytes + lengthBytes)} of {@code memory}, by absolute index: the reader
     * and writer index of the buffer are neither used nor moved. Takes one reference on the buffer.
     */
    public static Fragment of(ByteBuf memory, int offsetBytes, int lengthBytes) {
        if (offsetBytes < 0 || lengthBytes < 0 || offsetBytes > memory.capacity() - lengthBytes) {
            throw new IllegalArgumentException("no such fragment: offsetBytes=" + offsetBytes + " lengthBytes="
                    + lengthBytes + " capacityBytes=" + memory.capacity());
        }
        return new Fragment(memory, null, offsetBytes, lengthBytes);
    }

    /** Returns a fragment of the whole payload. Takes the payload. */
    public static Fragment of(PipedPayload payload) {
        return new Fragment(null, payload, 0, payload.lengthBytes());
    }

    /** Returns a part of this fragment, which borrows the memory. */
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

    /** Borrows the payload in pipes, of which byte {@link #offsetBytes()} is the first; null if the bytes were received into memory. */
    @Nullable
    PipedPayload piped() {
        return piped;
    }

    /** Returns the absolute index of the first byte in {@link #memory()}. */
    public int offsetBytes() {
        return offsetBytes;
    }

    public int lengthBytes() {
        return lengthBytes;
    }

    /** Releases one reference on the memory, or the payload in pipes. */
    void release() {
        if (piped != null) {
            piped.release();
        } else {
            Objects.requireNonNull(memory).release();
        }
    }
}
