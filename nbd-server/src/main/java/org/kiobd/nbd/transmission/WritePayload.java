package org.kiobd.nbd.transmission;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;
import org.kiobd.volume.kiobuf.Fragment;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.PagePool;

/**
 * Collects the payload of the WRITE that is being received, without copying it. What stands in a receive buffer stays there: the
 * request keeps the buffer. When much is still to come, memory of its own is reserved for all of it first, and the socket then
 * delivers straight into that ({@link #receiveInto}). Copied, and counted, are only small payloads that would keep a much larger
 * buffer, and what was received before its memory was there.
 */
final class WritePayload {
    /** From here on the rest of a payload gets memory of its own. */
    static final int OWN_MEMORY_BYTES = 64 << 10;

    /** Own memory comes in pieces that the allocator's arenas can hold. */
    private static final int PIECE_BYTES = 1 << 20;

    /** A receive buffer that is filled to less than 1/this is not worth keeping for a payload. */
    private static final int SPARSE = 4;

    enum Progress {
        COMPLETE,
        NEEDS_BYTES,
        NEEDS_MEMORY
    }

    private final RequestDecoder decoder;
    private final PagePool pool;
    private final RequestMemory ownMemory;
    private final MemoryBudget budget;
    private final PayloadMemory memory;
    private final PipedReceive pipes;

    private @Nullable Kiobuf request;
    private long leftBytes;
    private long toReserveBytes;
    private long reservedBytes;
    private @Nullable ByteBuf piece;
    private long copiedBytes;

    /** @param pipes where large payloads may go instead */
    WritePayload(
            RequestDecoder decoder, PagePool pool, RequestMemory ownMemory, Accounts accounts, PipedReceive pipes) {
        this.decoder = decoder;
        this.pool = pool;
        this.ownMemory = ownMemory;
        this.budget = accounts.budget();
        this.memory = accounts.payloadMemory();
        this.pipes = pipes;
    }

    /** The payload of {@code newRequest} follows. Takes the request until {@link #finish}. */
    void begin(Kiobuf newRequest) {
        request = newRequest;
        if (pipes.take(newRequest)) {
            return;
        }
        leftBytes = newRequest.lengthBytes();
        ByteBuf inHand = decoder.readable();
        long toCome = leftBytes - (inHand == null ? 0 : inHand.readableBytes());
        // What is in hand would leave the rest at no start of a page.
        long inOneBytes = ownMemory.isApart(leftBytes) ? leftBytes : toCome;
        toReserveBytes = toCome >= OWN_MEMORY_BYTES ? inOneBytes : 0;
    }

    /** Takes what has been received. */
    @SuppressWarnings("ReferenceEquality") // this very buffer, not one with equal bytes
    Progress advance() {
        if (pipes.isTaking()) {
            return advanceIntoPipes();
        }
        if (toReserveBytes > 0) {
            if (!budget.reserve(toReserveBytes)) {
                return Progress.NEEDS_MEMORY;
            }
            reservedBytes = toReserveBytes;
            toReserveBytes = 0;
        }
        Kiobuf filling = request();
        while (leftBytes > 0) {
            ByteBuf from = decoder.readable();
            if (from == null) {
                return Progress.NEEDS_BYTES;
            }
            int bytes = (int) Math.min(leftBytes, from.readableBytes());
            if (from == piece) {
                from.skipBytes(bytes);
            } else if (piece != null || reservedBytes == leftBytes) {
                bytes = copyIntoPiece(from, bytes);
            } else if (!keep(filling, from, bytes)) {
                return Progress.NEEDS_MEMORY;
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

    /** The request with all of its payload. Returns owned. */
    Kiobuf finish() {
        Kiobuf complete = request();
        request = null;
        return complete;
    }

    private Kiobuf request() {
        if (request == null) {
            throw new IllegalStateException("no WRITE is being received");
        }
        return request;
    }

    /** Leaves the bytes where they are. */
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

    private int copyIntoPiece(ByteBuf from, int bytes) {
        ByteBuf into = piece();
        int now = Math.min(bytes, into.writableBytes());
        into.writeBytes(from, now);
        into.readerIndex(into.writerIndex());
        copiedBytes += now;
        return now;
    }

    private ByteBuf piece() {
        if (piece == null) {
            int bytes = (int) Math.min(reservedBytes, PIECE_BYTES);
            piece = ownMemory.allocate(bytes);
            memory.hold(piece, bytes);
            reservedBytes -= bytes;
        }
        return piece;
    }

    private void passOnFullPiece(Kiobuf filling) {
        ByteBuf full = piece;
        if (full != null && !full.isWritable()) {
            filling.add(Fragment.of(full, 0, full.capacity()));
            piece = null;
        }
    }

    /** Where the socket should put its next bytes; returns owned, or null if any receive buffer will do. */
    @Nullable
    ByteBuf receiveInto() {
        if (pipes.isTaking()) {
            return pipes.receiveInto();
        }
        boolean piecesOnly = piece != null || (reservedBytes > 0 && reservedBytes == leftBytes);
        return piecesOnly && decoder.readable() == null ? piece().retain() : null;
    }

    /** Gives up what was being received. */
    void abandon() {
        pipes.abandon();
        if (piece != null) {
            piece.release();
            piece = null;
        }
        if (reservedBytes > 0) {
            budget.release(reservedBytes);
            reservedBytes = 0;
        }
        if (request != null) {
            request.release();
            request = null;
        }
    }

    /** Payload bytes that were copied in our own code so far. */
    long copiedBytes() {
        return copiedBytes + pipes.copiedBytes();
    }
}
