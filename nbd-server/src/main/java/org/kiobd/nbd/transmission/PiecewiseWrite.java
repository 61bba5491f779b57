package org.kiobd.nbd.transmission;

import org.jspecify.annotations.Nullable;
import org.kiobd.volume.IoError;
import org.kiobd.volume.kiobuf.Completion;
import org.kiobd.volume.kiobuf.Fragment;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.Op;

/**
 * Serves a WRITE for whose whole payload there is no memory: writes the received part of the payload while the rest is being received. The
 * last piece to complete queues the reply. If several pieces fail, the reply reports the error at the lowest offset. If the client goes
 * away in the middle, the issued pieces are still written, as the specification allows for a request without a reply. Confined to its loop.
 */
final class PiecewiseWrite implements Completion.Notifier {
    private final Transmission transmission;
    private final RequestExecutor executor;
    private final ReplyWriter replies;

    private long cookie;
    private long firstOffset;
    private long lengthBytes;
    private int flags;
    private long arrivedNanos;
    private int outstanding;
    private boolean underWay;
    private boolean complete;
    private boolean dropped;
    private long failedOffset;
    private @Nullable Failure failure;

    PiecewiseWrite(Transmission transmission, RequestExecutor executor, ReplyWriter replies) {
        this.transmission = transmission;
        this.executor = executor;
        this.replies = replies;
    }

    /** Returns whether the WRITE that is being received is written piece by piece. */
    boolean isReceiving() {
        return underWay && !complete;
    }

    /** Returns whether a WRITE is being written piece by piece, so that another WRITE cannot begin. */
    boolean isUnderWay() {
        return underWay;
    }

    /** Issues the part of a WRITE that {@code payload} has received; {@code payload} then receives the rest. */
    void cut(WritePayload payload) {
        Kiobuf whole = payload.request();
        if (!underWay) {
            begin(whole);
        }
        long restBytes = payload.leftBytes();
        long endBytes = whole.endBytes();
        Kiobuf rest = executor.newWritePiece(endBytes - restBytes, restBytes, flags, this);
        Kiobuf begun = payload.goOn(rest);
        Kiobuf piece = executor.newWritePiece(begun.offsetBytes(), begun.lengthBytes() - restBytes, flags, this);
        for (int i = 0; i < begun.fragmentCount(); i++) {
            Fragment part = begun.fragment(i);
            piece.add(Fragment.of(part.memory().retain(), part.offsetBytes(), part.lengthBytes()));
        }
        begun.release();
        issue(piece);
    }

    private void begin(Kiobuf whole) {
        cookie = whole.cookie();
        firstOffset = whole.offsetBytes();
        lengthBytes = whole.lengthBytes();
        flags = whole.flags();
        arrivedNanos = whole.arrivedNanos();
        underWay = true;
        complete = false;
        dropped = false;
        failure = null;
    }

    /** Issues the last piece, with which the payload is complete. Takes the piece. */
    void last(Kiobuf piece) {
        complete = true;
        issue(piece);
    }

    private void issue(Kiobuf piece) {
        outstanding++;
        executor.writePiece(piece);
    }

    /** Gives up the rest of the payload, which will not come. */
    void abandon() {
        complete = true;
        dropped = true;
        endIfDone();
    }

    @Override
    public void completed(Completion completion, @Nullable IoError error) {
        Kiobuf piece = (Kiobuf) completion;
        outstanding--;
        if (error == IoError.DROPPED) {
            dropped = true;
        } else if (error != null && (failure == null || piece.offsetBytes() < failedOffset)) {
            failure = WireErrors.of(piece, error);
            failedOffset = piece.offsetBytes();
        }
        endIfDone();
        transmission.atEndOfIteration();
    }

    private void endIfDone() {
        if (!complete || outstanding > 0) {
            return;
        }
        underWay = false;
        executor.tookInPieces(Op.WRITE, arrivedNanos);
        if (failure != null) {
            transmission.counters().failed();
        } else if (!dropped) {
            transmission.counters().written(lengthBytes);
        }
        if (dropped || transmission.isGone()) {
            transmission.budget().end(1, lengthBytes);
        } else if (failure != null) {
            replies.failure(cookie, firstOffset, failure, lengthBytes);
        } else {
            replies.success(cookie, firstOffset, lengthBytes);
        }
    }
}
