package org.kiobd.nbd.transmission;

import io.netty.buffer.ByteBuf;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kiobd.nbd.Session;
import org.kiobd.volume.BlockDevice;
import org.kiobd.volume.Extent;
import org.kiobd.volume.IoError;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.Op;
import org.kiobd.volume.kiobuf.PagePool;

/**
 * Ends requests: queues the reply of a request or, if the client has gone, only releases what the request held. Owned by one connection,
 * confined to its loop.
 */
final class ReplyDispatcher implements RequestExecutor.Listener {
    /** The connection of the requests. */
    interface Listener {
        /** Returns whether the client has gone, so that no reply is needed. */
        boolean isGone();

        /** Called when a request has ended and its reply, if any, is queued. */
        void answered();
    }

    private final ReplyEncoding encoding;
    private final BlockDevice device;
    private final PagePool pool;
    private final ConnectionBudget accounts;
    private final ReplyWriter replies;
    private final Listener listener;

    ReplyDispatcher(Session session, PagePool pool, ConnectionBudget accounts, ReplyWriter replies, Listener listener) {
        this.encoding = replies.encoding();
        this.device = session.export().device();
        this.pool = pool;
        this.accounts = accounts;
        this.replies = replies;
        this.listener = listener;
    }

    @Override
    public void ended(Kiobuf request, @Nullable IoError error) {
        boolean gone = listener.isGone();
        long bytes = inFlightBytes(request);
        count(request, error);
        if (request.op() == Op.READ
                && (error != null || gone)
                && !accounts.replyMemory().takes(bytes)) {
            accounts.budget().release(bytes);
        }
        if (error == IoError.DROPPED || gone) {
            accounts.inFlight().end(1, bytes);
        } else if (error != null) {
            replies.failure(request.cookie(), request.offsetBytes(), WireErrors.of(request, error), bytes);
        } else if (request.op() == Op.READ) {
            replies.data(request);
        } else {
            replies.success(request.cookie(), request.offsetBytes(), bytes);
        }
        listener.answered();
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
        ConnectionCounters counters = accounts.counters();
        if (error != null) {
            counters.failed();
        } else if (request.op() == Op.READ) {
            counters.read(request.lengthBytes());
        } else if (request.op() == Op.WRITE) {
            counters.written(request.lengthBytes());
        }
    }

    @Override
    public void ended(StatusQuery query, List<Extent> extents, @Nullable IoError error) {
        ChunkEncoding chunks = (ChunkEncoding) encoding;
        boolean gone = listener.isGone();
        long bytes = query.memoryBytes(chunks);
        if (error != null) {
            accounts.counters().failed();
        }
        if (error != null || gone) {
            accounts.budget().release(bytes);
        }
        if (gone) {
            accounts.inFlight().end(1, bytes);
        } else if (error != null) {
            Failure failure = new Failure(WireErrors.errno(error), WireErrors.text(error));
            replies.failure(query.cookie(), query.range().offsetBytes(), failure, bytes);
        } else {
            ByteBuf reply = pool.allocate((int) bytes);
            query.encode(reply, chunks, device, extents);
            replies.encoded(reply, bytes);
        }
        listener.answered();
    }
}
