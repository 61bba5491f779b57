package org.kiobd.nbd.transmission;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;
import org.kiobd.volume.kiobuf.AlignedMemory;
import org.kiobd.volume.kiobuf.Fragment;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.PagePool;

/**
 * Collects the payload of the WRITE that is being received, without copying it. Payload in a receive buffer stays there: the request keeps
 * the buffer. If much payload is still to come, memory of its own is reserved for it, piece by piece, and the socket delivers directly into
 * that memory ({@link #receiveInto}). Only two kinds of payload are copied, and counted: a small payload that would keep a much larger
 * buffer, and payload that was received before its memory was allocated.
 *
 * <p>If memory is short, the received part must be written before the rest is received ({@link Progress#PIECE}): no payload, however long,
 * needs more memory than the connection's share.
 */
final class WritePayload {
    /** If this much of a payload or more is still to come, the rest gets memory of its own. */
    static final int OWN_MEMORY_BYTES = 64 << 10;

    /** Own memory comes in pieces of at most this size, which the allocator's arenas can hold. */
    private static final int PIECE_BYTES = 1 << 20;

    /** A receive buffer that is filled to less than 1/this is not kept for a payload. */
    private static final int SPARSE = 4;

    enum Progress {
        COMPLETE,
        NEEDS_BYTES,
        /** There is no memory for more: the received part must be written as a request of its own, see {@link #goOn}. */
        PIECE,
        /** There is no memory at all until another request of the connection has ended. */
        NEEDS_MEMORY
    }

    private final RequestDecoder decoder;
    private final PagePool pool;
    private final ConnectionBudget budget;
    private final ConnectionMemory memory;
    private final PipedReceive pipes;

    private @Nullable Kiobuf request;
    private long leftBytes;

    /** When no more than this is left of the payload, the rest goes into memory of its own. */
    private long ownBytes;

    private @Nullable ByteBuf piece;
    private long copiedBytes;

    /** @param pipes receiver of large payloads that can go into pipes instead */
    WritePayload(RequestDecoder decoder, Transmission transmission, PipedReceive pipes) {
        this.decoder = decoder;
        this.pool = transmission.pool();
        this.budget = transmission.budget();
        this.memory = transmission.memory();
        this.pipes = pipes;
    }

    /** Starts to receive the payload of {@code newRequest}. Takes the request until {@link #finish}. */
    void begin(Kiobuf newRequest) {
        request = newRequest;
        if (pipes.take(newRequest)) {
            return;
        }
        leftBytes = newRequest.lengthBytes();
        ByteBuf inHand = decoder.readable();
        long toCome = leftBytes - (inHand == null ? 0 : inHand.readableBytes());
        // Otherwise the rest would not be page-aligned.
        long inOneBytes = memory.isApart(leftBytes) ? leftBytes : toCome;
        ownBytes = toCome >= OWN_MEMORY_BYTES ? inOneBytes : 0;
    }

    /** Adds the received bytes to the request, as far as memory allows. */
    @SuppressWarnings("ReferenceEquality") // this very buffer, not one with equal bytes
    Progress advance() {
        if (pipes.isTaking()) {
            return advanceIntoPipes();
        }
        Kiobuf filling = request();
        while (leftBytes > 0) {
            if (piece == null && leftBytes <= ownBytes && !beginPiece()) {
                return filledBytes() > 0 ? Progress.PIECE : Progress.NEEDS_MEMORY;
            }
            ByteBuf from = decoder.readable();
            if (from == null) {
                return Progress.NEEDS_BYTES;
            }
            int bytes = (int) Math.min(leftBytes, from.readableBytes());
            if (from == piece) {
                from.skipBytes(bytes);
            } else if (piece != null) {
                bytes = copyIntoPiece(piece, from, bytes);
            } else if (!keep(filling, from, bytes)) {
                ownBytes = leftBytes;
                continue;
            }
            leftBytes -= bytes;
            passOnFullPiece(filling);
            decoder.consumed();
        }
        return Progress.COMPLETE;
    }

    private Progress advanceIntoPipes() {
        if (!pipes.advance()) {
            return Progress.NEEDS_BYTES;
        }
        request().add(pipes.finish());
        return Progress.COMPLETE;
    }

    /** Returns the request with all of its payload, owned. */
    Kiobuf finish() {
        Kiobuf complete = request();
        request = null;
        return complete;
    }

    /** Returns the bytes of the request that have been added; valid between pieces. */
    private long filledBytes() {
        return request().lengthBytes() - leftBytes;
    }

    /**
     * Continues with {@code rest}, the request for the bytes still to come. Takes it.
     *
     * @return the request so far, with the received part of its payload; owned
     */
    Kiobuf goOn(Kiobuf rest) {
        Kiobuf begun = finish();
        request = rest;
        return begun;
    }

    /** Returns the number of bytes still to come. */
    long leftBytes() {
        return leftBytes;
    }

    /** Returns the request that is being received; borrowed. */
    Kiobuf request() {
        if (request == null) {
            throw new IllegalStateException("no WRITE is being received");
        }
        return request;
    }

    /** Adds the bytes to the request where they are, or as a copy if the buffer is nearly empty. Returns false if memory is refused. */
    private boolean keep(Kiobuf filling, ByteBuf from, int bytes) {
        if (!memory.holds(from)) {
            if (from.writerIndex() < from.capacity() / SPARSE) {
                return copyOut(filling, from, bytes);
            }
            if (!budget.reserve(from.capacity())) {
                return false;
            }
            memory.hold(from, from.capacity());
        }
        filling.add(Fragment.of(from.retain(), from.readerIndex(), bytes));
        from.skipBytes(bytes);
        return true;
    }

    private boolean copyOut(Kiobuf filling, ByteBuf from, int bytes) {
        if (!budget.reserve(bytes)) {
            return false;
        }
        ByteBuf copy = pool.allocate(bytes);
        memory.hold(copy, bytes);
        from.readBytes(copy);
        copiedBytes += bytes;
        filling.add(Fragment.of(copy, 0, bytes));
        return true;
    }

    private int copyIntoPiece(ByteBuf into, ByteBuf from, int bytes) {
        int now = Math.min(bytes, into.writableBytes());
        into.writeBytes(from, now);
        into.readerIndex(into.writerIndex());
        copiedBytes += now;
        return now;
    }

    /** Allocates memory for the next bytes: as much as they need, or as much as is available. Returns false if there is none. */
    private boolean beginPiece() {
        int wanted = (int) Math.min(leftBytes, PIECE_BYTES);
        int bytes = wanted;
        if (filledBytes() > 0) {
            bytes = budget.reserve(wanted) ? wanted : 0;
        } else {
            long endBytes = request().endBytes();
            bytes = wholePages(endBytes - leftBytes, (int) memory.reserveUpTo(wanted), wanted);
        }
        if (bytes > 0) {
            piece = memory.allocate(bytes);
            memory.hold(piece, bytes);
        }
        return bytes > 0;
    }

    /** Shortens a partial reservation so that the piece ends at a page boundary, and releases the rest. Returns the bytes that are left. */
    private int wholePages(long offsetBytes, int reserved, int wanted) {
        int beyond = (int) ((offsetBytes + reserved) % AlignedMemory.ALIGNMENT_BYTES);
        if (reserved == wanted || beyond >= reserved) {
            return reserved;
        }
        budget.release(beyond);
        return reserved - beyond;
    }

    private void passOnFullPiece(Kiobuf filling) {
        ByteBuf full = piece;
        if (full != null && !full.isWritable()) {
            filling.add(Fragment.of(full, 0, full.capacity()));
            piece = null;
        }
    }

    /** Returns the buffer, owned, for the next receive of the socket; null if any receive buffer will do. */
    @Nullable
    ByteBuf receiveInto() {
        if (pipes.isTaking()) {
            return pipes.receiveInto();
        }
        return piece != null && decoder.readable() == null ? piece.retain() : null;
    }

    /** Gives up the payload that is being received. */
    void abandon() {
        pipes.abandon();
        if (piece != null) {
            piece.release();
            piece = null;
        }
        if (request != null) {
            request.release();
            request = null;
        }
    }

    /** Returns the number of payload bytes that our own code has copied so far. */
    long copiedBytes() {
        return copiedBytes + pipes.copiedBytes();
    }
}
