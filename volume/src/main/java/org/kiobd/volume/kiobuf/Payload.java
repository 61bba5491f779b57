package org.kiobd.volume.kiobuf;

import io.netty.buffer.ByteBuf;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of one member operation: an ordered list of pieces, each a range of a {@link Fragment}. This is the only type through which a
 * store sees the bytes of a WRITE. They may be in memory or in pipes: {@link #memory} moves a piece to memory for good, and a store that
 * writes to files can call {@link #moveTo} instead, which copies nothing to memory. A piece of an operation that carries no data has a
 * length only.
 *
 * <p>Owned by its operation and reused with it; borrows the fragments. Confined to the loop of the operation, or to the one thread that
 * the operation was handed to.
 */
public final class Payload {
    /** Result of {@link #moveTo} that tells the caller to take the bytes from {@link #memory} instead. */
    public static final long IN_MEMORY = PipedPayload.IN_MEMORY;

    /** Most operations of a random load have one piece; the list of a merged operation grows by a factor of four. */
    private static final int FIRST_PIECES = 1;

    private static final int GROWTH = 4;

    private @Nullable Fragment[] fragment = new Fragment[FIRST_PIECES];
    private int[] fragmentOffset = new int[FIRST_PIECES];
    private long[] length = new long[FIRST_PIECES];
    private int pieces;
    private int pipedPieces;
    private long lengthBytes;

    /** The forms of payload that a device may prefer; it accepts both. */
    public enum Form {
        /** In memory. */
        MEMORY,
        /** In pipes, from which the device moves whole pages to files without a copy. */
        PIPES
    }

    /** Removes all pieces, for reuse. */
    public void clear() {
        pieces = 0;
        pipedPieces = 0;
        lengthBytes = 0;
    }

    /**
     * Appends {@code bytes} bytes of a fragment, from its byte {@code offsetBytes} on. Borrows the fragment.
     *
     * @param from null if the operation carries no data
     */
    public void add(@Nullable Fragment from, int offsetBytes, long bytes) {
        if (pieces == length.length) {
            int grown = pieces * GROWTH;
            fragment = Arrays.copyOf(fragment, grown);
            fragmentOffset = Arrays.copyOf(fragmentOffset, grown);
            length = Arrays.copyOf(length, grown);
        }
        fragment[pieces] = from;
        fragmentOffset[pieces] = offsetBytes;
        length[pieces] = bytes;
        lengthBytes += bytes;
        if (from != null && from.piped() != null) {
            pipedPieces++;
        }
        pieces++;
    }

    /** Appends the bytes {@code [skipBytes, skipBytes + bytes)} of a piece of {@code other}. */
    public void addPart(Payload other, int piece, long skipBytes, long bytes) {
        add(other.fragment[piece], other.fragmentOffset[piece] + (int) skipBytes, bytes);
    }

    /** Returns the number of pieces. */
    public int pieces() {
        return pieces;
    }

    /** Returns the length of all pieces. */
    public long lengthBytes() {
        return lengthBytes;
    }

    /** Returns the length of a piece. */
    public long lengthBytes(int piece) {
        return length[piece];
    }

    /** Returns the memory of a piece, borrowed. Moves the bytes there first if they are in pipes. */
    public ByteBuf memory(int piece) {
        return fragmentAt(piece).memory();
    }

    /** Returns the absolute index in {@link #memory} of the first byte of a piece. */
    public int memoryOffsetBytes(int piece) {
        return fragmentAt(piece).offsetBytes() + fragmentOffset[piece];
    }

    private Fragment fragmentAt(int piece) {
        Fragment found = fragment[piece];
        if (found == null) {
            throw new IllegalStateException("the operation carries no data: piece=" + piece);
        }
        return found;
    }

    private @Nullable PipedPayload piped(int piece) {
        Fragment found = fragment[piece];
        return found == null ? null : found.piped();
    }

    /** Returns whether any piece is in pipes and not in memory yet. */
    public boolean isInPipes() {
        for (int i = 0; i < pieces && pipedPieces > 0; i++) {
            PipedPayload piped = piped(i);
            if (piped != null && !piped.isInMemory()) {
                return true;
            }
        }
        return false;
    }

    /** Returns whether any piece is large and its sender had to wait for this process several times ({@link PipedPayload#cameSlowly}). */
    public boolean cameSlowly() {
        for (int i = 0; i < pieces && pipedPieces > 0; i++) {
            PipedPayload piped = piped(i);
            if (piped != null && piped.cameSlowly()) {
                return true;
            }
        }
        return false;
    }

    /** Returns whether a thread has the bytes of any piece, or other bytes of the same request ({@link #handOver}). On the loop only. */
    public boolean isHandedOver() {
        for (int i = 0; i < pieces && pipedPieces > 0; i++) {
            PipedPayload piped = piped(i);
            if (piped != null && piped.isHandedOver()) {
                return true;
            }
        }
        return false;
    }

    /**
     * Notes that a thread takes the bytes. The other operations of the same requests then go to the same thread, so that the loop does not
     * wait for a pipe that the thread uses. On the loop only.
     */
    public void handOver() {
        for (int i = 0; i < pieces && pipedPieces > 0; i++) {
            PipedPayload piped = piped(i);
            if (piped != null) {
                piped.handOver();
            }
        }
    }

    /**
     * Moves the bytes of a piece after its first {@code skipBytes} from pipes to the file {@code fd} at offset {@code position}. Each byte
     * can be moved once; after a failure the bytes are still here.
     *
     * @return bytes moved, at least one and perhaps not all; {@link #IN_MEMORY}; or a negative errno
     */
    public long moveTo(int fd, long position, int piece, long skipBytes) {
        PipedPayload piped = piped(piece);
        if (piped == null) {
            return IN_MEMORY;
        }
        return piped.drain(fd, position, memoryOffsetBytes(piece) + (int) skipBytes, length[piece] - skipBytes);
    }
}
