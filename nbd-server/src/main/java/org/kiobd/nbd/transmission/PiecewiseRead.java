package org.kiobd.nbd.transmission;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;
import org.kiobd.volume.IoError;
import org.kiobd.volume.kiobuf.AlignedMemory;
import org.kiobd.volume.kiobuf.Completion;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.Op;

/**
 * Serves a READ for whose whole reply there is no memory: reads and sends the data piece by piece, each as large as the connection can
 * reserve, as one chunk. Runs only while no other request of the connection is in flight, because the pieces must follow each other on the
 * wire.
 *
 * <p>An error in the first piece is answered as usual. After the first piece the reply has begun, so an error ends the connection, which
 * the specification allows; the same holds for a READ from a file that cannot be read ({@link FileReplies}). Confined to its loop.
 */
final class PiecewiseRead implements Completion.Notifier {
    private static final int PIECE_BYTES = 1 << 20;

    private final Transmission transmission;
    private final RequestExecutor executor;
    private final ReplyWriter replies;
    private final ReplyEncoding encoding;
    private final ConnectionBudget budget;

    private long cookie;
    private long firstOffset;
    private int lengthBytes;
    private int doneBytes;
    private long pieceBytes;
    private long arrivedNanos;
    private boolean underWay;
    private boolean reading;

    PiecewiseRead(Transmission transmission, RequestExecutor executor, ReplyWriter replies) {
        this.transmission = transmission;
        this.executor = executor;
        this.replies = replies;
        this.encoding = transmission.encoding();
        this.budget = transmission.budget();
    }

    /** Starts a READ that already counts as in flight. */
    void begin(long newCookie, long offset, int length) {
        cookie = newCookie;
        firstOffset = offset;
        lengthBytes = length;
        doneBytes = 0;
        arrivedNanos = executor.arrivedNanos();
        underWay = true;
        advance();
    }

    /** Returns whether a part of its reply is still to be queued. */
    boolean isUnderWay() {
        return underWay;
    }

    /** Reads the next piece if there is memory for it. Called whenever memory may be free. */
    void advance() {
        if (!underWay || reading) {
            return;
        }
        if (transmission.isGone()) {
            end();
            return;
        }
        int wanted = Math.min(lengthBytes - doneBytes, PIECE_BYTES);
        int bytes = (int) transmission.memory().reserveUpTo(wanted);
        if (bytes == 0) {
            return;
        }
        long at = firstOffset + doneBytes;
        int beyond = (int) ((at + bytes) % AlignedMemory.ALIGNMENT_BYTES);
        if (bytes < wanted && beyond < bytes) {
            // End at a page boundary, so that the next piece is page-aligned.
            budget.release(beyond);
            bytes -= beyond;
        }
        pieceBytes = bytes;
        reading = true;
        executor.readPiece(at, bytes, this);
    }

    @Override
    public void completed(Completion completion, @Nullable IoError error) {
        Kiobuf piece = (Kiobuf) completion;
        reading = false;
        boolean gone = transmission.isGone() || error == IoError.DROPPED;
        if (error != null || gone) {
            budget.release(pieceBytes);
            failed(piece, gone ? null : error);
        } else {
            replies.piece(doneBytes == 0 ? head() : null, piece, pieceBytes);
            doneBytes += (int) pieceBytes;
            if (doneBytes == lengthBytes) {
                underWay = false;
                transmission.counters().read(lengthBytes);
                executor.tookInPieces(Op.READ, arrivedNanos);
                replies.lastPiece(inFlightBytes());
            }
        }
        transmission.atEndOfIteration();
    }

    private void failed(Kiobuf piece, @Nullable IoError error) {
        transmission.counters().failed();
        if (error != null && doneBytes == 0) {
            underWay = false;
            replies.failure(cookie, firstOffset, WireErrors.of(piece, error), inFlightBytes());
            return;
        }
        end();
        if (error != null) {
            transmission.drop("what a READ asks for cannot be read, and its reply has begun: offset="
                    + piece.offsetBytes() + " error=" + error);
        }
    }

    private void end() {
        underWay = false;
        budget.end(1, inFlightBytes());
    }

    private long inFlightBytes() {
        return encoding.readMemoryBytes(lengthBytes);
    }

    private ByteBuf head() {
        int bytes = encoding.dataHeaderBytes();
        ByteBuf head = transmission.pool().allocate(bytes);
        head.writerIndex(bytes);
        encoding.dataHeader(head, 0, cookie, firstOffset, lengthBytes);
        return head;
    }
}
