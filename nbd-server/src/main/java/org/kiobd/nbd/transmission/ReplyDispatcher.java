package org.kiobd.nbd.transmission;

import io.netty.buffer.ByteBuf;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kiobd.nbd.ExportLoop;
import org.kiobd.nbd.trace.TraceSession;
import org.kiobd.volume.Extent;
import org.kiobd.volume.IoError;
import org.kiobd.volume.kiobuf.Completion;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.Op;

/**
 * Ends requests: queues the reply of a request or, if the client has gone, only releases what the request held. One notifier serves all
 * requests of the connection, because the kiobuf holds all it needs. Owned by one connection, confined to its loop.
 */
final class ReplyDispatcher implements Completion.Notifier {
    private final Transmission transmission;
    private final ReplyWriter replies;
    private final ReplyEncoding encoding;
    private final ConnectionBudget budget;
    private final ConnectionMemory memory;
    private final ConnectionCounters counters;
    private final ExportLoop export;
    private int noted;
    private Op[] notedOps = new Op[64];
    private long[] notedNanos = new long[64];

    ReplyDispatcher(Transmission transmission, ReplyWriter replies) {
        this.transmission = transmission;
        this.replies = replies;
        this.encoding = transmission.encoding();
        this.budget = transmission.budget();
        this.memory = transmission.memory();
        this.counters = transmission.counters();
        this.export = transmission.exportLoop();
    }

    @Override
    public void completed(Completion completion, @Nullable IoError error) {
        Kiobuf request = (Kiobuf) completion;
        boolean gone = transmission.isGone();
        long bytes = inFlightBytes(request);
        note(request.op(), request.arrivedNanos());
        count(request, error);
        if (request.op() == Op.READ && (error != null || gone) && !memory.isCommon(bytes)) {
            budget.release(bytes);
        }
        if (error == IoError.DROPPED || gone) {
            budget.end(1, bytes);
        } else if (error != null) {
            replies.failure(request.cookie(), request.offsetBytes(), WireErrors.of(request, error), bytes);
        } else if (request.op() == Op.READ) {
            replies.data(request);
        } else {
            replies.success(request.cookie(), request.offsetBytes(), bytes);
        }
        transmission.atEndOfIteration();
    }

    /** Returns the bytes that a request counts as in flight, i.e. its memory. */
    private long inFlightBytes(Kiobuf request) {
        return switch (request.op()) {
            case READ -> encoding.readMemoryBytes(request.lengthBytes());
            case WRITE -> request.lengthBytes();
            case FLUSH, TRIM, WRITE_ZEROES, CACHE -> 0;
        };
    }

    private void count(Kiobuf request, @Nullable IoError error) {
        if (error != null) {
            counters.failed();
        } else if (request.op() == Op.READ) {
            counters.read(request.lengthBytes());
        } else if (request.op() == Op.WRITE) {
            counters.written(request.lengthBytes());
        }
    }

    /**
     * Ends an NBD_CMD_BLOCK_STATUS.
     *
     * @param extents the device's answer; empty if it failed or was not asked
     */
    void ended(StatusQuery query, List<Extent> extents, @Nullable IoError error) {
        ChunkEncoding chunks = (ChunkEncoding) encoding;
        boolean gone = transmission.isGone();
        long bytes = query.memoryBytes(chunks);
        if (error != null) {
            counters.failed();
        }
        if (error != null || gone) {
            budget.release(bytes);
        }
        if (gone) {
            budget.end(1, bytes);
        } else if (error != null) {
            Failure failure = new Failure(WireErrors.errno(error), WireErrors.text(error));
            replies.failure(query.cookie(), query.range().offsetBytes(), failure, bytes);
        } else {
            ByteBuf reply = transmission.pool().allocate((int) bytes);
            query.encode(reply, chunks, transmission.device(), extents);
            replies.encoded(reply, bytes);
        }
        transmission.atEndOfIteration();
    }

    /** Notes the end of a request; a single clock reading then serves all requests that are answered together. */
    void note(Op op, long sinceNanos) {
        if (noted == notedOps.length) {
            notedOps = Arrays.copyOf(notedOps, noted * 2);
            notedNanos = Arrays.copyOf(notedNanos, noted * 2);
        }
        notedOps[noted] = op;
        notedNanos[noted] = sinceNanos;
        noted++;
    }

    /** Records the latencies of the requests noted so far, whose replies are being sent, and writes their lines of the trace. */
    void recordLatencies() {
        long nowNanos = System.nanoTime();
        TraceSession trace = transmission.trace();
        if (trace != null) {
            trace.replied(nowNanos, !transmission.isGone());
        }
        for (int i = 0; i < noted; i++) {
            export.took(notedOps[i], nowNanos - notedNanos[i]);
        }
        noted = 0;
    }
}
