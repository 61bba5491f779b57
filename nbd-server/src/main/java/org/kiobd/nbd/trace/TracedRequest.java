package org.kiobd.nbd.trace;

import org.jspecify.annotations.Nullable;
import org.kiobd.volume.IoError;
import org.kiobd.volume.kiobuf.Completion;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.Op;

/**
 * The times of one request. It is an interceptor of the request's kiobuf: it notes when the kiobuf ends, whatever chain the kiobuf was in,
 * and holds nothing up. It copies what the line needs, because the kiobuf is reused before the line is written.
 *
 * <p>Confined to the loop of the request until it is {@linkplain RequestTrace#add added}; immutable after that. All times are those of
 * {@link System#nanoTime}; 0 means that the request did not reach the stage.
 */
final class TracedRequest implements Completion.Interceptor {
    private final TraceSession session;
    final Op op;
    final int flags;
    final long offsetBytes;
    final long lengthBytes;
    final boolean isPart;
    final long receivedNanos;
    final long queuedNanos;
    long issuedNanos;
    int chainRequests;
    long doneNanos;
    long repliedNanos;

    @Nullable
    IoError error;

    TracedRequest(TraceSession session, Kiobuf request, boolean isPart, long queuedNanos) {
        this.session = session;
        this.op = request.op();
        this.flags = request.flags();
        this.offsetBytes = request.offsetBytes();
        this.lengthBytes = request.lengthBytes();
        this.isPart = isPart;
        this.receivedNanos = request.arrivedNanos();
        this.queuedNanos = queuedNanos;
    }

    /** Notes that the chain of the request was submitted to the device. */
    void issued(long nanos, int requestsInChain) {
        issuedNanos = nanos;
        chainRequests = requestsInChain;
    }

    @Override
    public boolean intercept(Completion completion, @Nullable IoError outcome) {
        doneNanos = System.nanoTime();
        error = outcome;
        session.ended(this);
        return false;
    }

    TraceSession session() {
        return session;
    }
}
