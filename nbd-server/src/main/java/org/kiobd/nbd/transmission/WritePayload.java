package org.kiobd.nbd.transmission;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;
import org.kiobd.volume.kiobuf.AlignedMemory;
import org.kiobd.volume.kiobuf.Fragment;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.PagePool;

/**
 * Collects the payload of the WRITE that is being received, without copying it. What stands in a receive buffer stays there: the
 * request keeps the buffer. When much is still to come, memory of its own is reserved for it, piece by piece, and the socket then
 * delivers straight into that ({@link #receiveInto}). Copied, and counted, are only small payloads that would keep a much larger
 * buffer, and what was received before its memory was there.
 *
 * <p>Where memory is short, what came so far is to be written before the rest is received ({@link Progress#PIECE}): no payload needs more
 * than the connection's share, however long it is.
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
        /** There is no memory for more: what came is to be written as a request of its own, see {@link #goOn}. */
        PIECE,
        /** There is no memory at all until something of the connection's own has ended. */
        NEEDS_MEMORY
    }

    private final RequestDecoder decoder;
    private final PagePool pool;
    private final RequestMemory ownMemory;
    private final ConnectionBudget accounts;
    private final MemoryBudget budget;
    private final PayloadMemory memory;
    private final PipedReceive pipes;

    private @Nullable Kiobuf request;
    private long leftBytes;

    /** When no more than this is left, it goes into memory of its own. */
    private long ownBytes;

    private @Nullable ByteBuf piece;
    private long copiedBytes;

    /** @param pipes where large payloads may go instead */
    WritePayload(
            RequestDecoder decoder, PagePool pool, RequestMemory ownMemory, ConnectionBudget accounts, PipedReceive pipes) {
        this.decoder = decoder;
        this.pool = pool;
        this.ownMemory = ownMemory;
        this.accounts = accounts;
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
        ownBytes = toCome >= OWN_MEMORY_BYTES ? inOneBytes : 0;
    }

    /** Takes what has been received. */
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

    /** The request with all of its payload. Returns owned. */
    Kiobuf finish() {
        Kiobuf complete = request();
        request = null;
        return complete;
    }

    /** Bytes of the request that are there, between pieces. */
    private long filledBytes() {
        return request().lengthBytes() - leftBytes;
    }

    /** {@code rest} is the request for what is still to come. Takes it. @return the one so far, with what came of its payload; owned */
    Kiobuf goOn(Kiobuf rest) {
        Kiobuf begun = finish();
        request = rest;
        return begun;
    }

    /** Bytes that are still to come. */
    long leftBytes() {
        return leftBytes;
    }

    /** The one that is being received; borrowed. */
    Kiobuf request() {
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

    private int copyIntoPiece(ByteBuf into, ByteBuf from, int bytes) {
        int now = Math.min(bytes, into.writableBytes());
        into.writeBytes(from, now);
        into.readerIndex(into.writerIndex());
        copiedBytes += now;
        return now;
    }

    /** Gets memory for the next bytes: as much as they need, or what there is. */
    private boolean beginPiece() {
        int wanted = (int) Math.min(leftBytes, PIECE_BYTES);
        int bytes = wanted;
        if (filledBytes() > 0) {
            bytes = budget.reserve(wanted) ? wanted : 0;
        } else {
            long endBytes = request().endBytes();
            bytes = wholePages(endBytes - leftBytes, (int) accounts.reserveUpTo(wanted), wanted);
        }
        if (bytes > 0) {
            piece = ownMemory.allocate(bytes);
            memory.hold(piece, bytes);
        }
        return bytes > 0;
    }

    /** Of what was reserved for less than was wanted, what brings the request to the end of a page; the rest is given back. */
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

    /** Where the socket should put its next bytes; returns owned, or null if any receive buffer will do. */
    @Nullable
    ByteBuf receiveInto() {
        if (pipes.isTaking()) {
            return pipes.receiveInto();
        }
        return piece != null && decoder.readable() == null ? piece.retain() : null;
    }

    /** Gives up what was being received. */
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

    /** Payload bytes that were copied in our own code so far. */
    long copiedBytes() {
        return copiedBytes + pipes.copiedBytes();
    }
}
