package org.kiobd.nbd.transmission;

import static java.util.Objects.requireNonNull;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.util.ReferenceCountUtil;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;
import org.kiobd.volume.kiobuf.Fragment;
import org.kiobd.volume.kiobuf.Kiobuf;

/**
 * Sends the replies of one loop iteration together. Replies without data follow each other in one buffer, the data of a READ follows its
 * header in the request's own memory, and one flush sends everything in one gathered write. NBD allows replies in any order, so chunks
 * of different replies may alternate; a chunk itself must stay in one piece. Only the last write of a batch has a promise, which completes
 * when the whole batch is in the socket.
 */
@SuppressWarnings("FutureReturnValueIgnored") // a failed write closes the channel, which channelInactive handles
final class ReplyWriter {
    private static final int HEADERS_BYTES = 2 << 10;

    /** With this many replies, or bytes of payload, a client is busy for longer than it takes to wake this loop. */
    private static final int BUSY_REQUESTS = 8;

    private static final long BUSY_BYTES = 32 << 10;

    private final Transmission transmission;
    private final ChannelHandlerContext ctx;
    private final ReplyEncoding encoding;
    private final ConnectionMemory memory;
    private final @Nullable RawSocket socket;
    private final ReadReply pieces;
    private final ArrayDeque<Batch> spare = new ArrayDeque<>();
    private Batch filling = new Batch();
    private int batchesInFlight;
    private long takenNanos;
    private @Nullable ByteBuf headers;

    /** Each a {@link ByteBuf} or a file extent, in the order on the wire. */
    private final ArrayDeque<Object> queued = new ArrayDeque<>();

    /** Null until a READ is answered with file extents. */
    private @Nullable FileReplies fileReplies;

    private int queuedExtents;
    private boolean held;
    private boolean flushing;

    /** Common buffer of {@link ConnectionMemory} with adjacent replies that are not queued yet, and will be sent as one piece. */
    private @Nullable ByteBuf run;

    private int runStart;
    private int runEnd;

    private boolean isQueued;

    /** The batch that {@link #fileReplies} is sending. */
    private @Nullable Batch fromFiles;

    /** The resources to release when the replies of one batch are in the socket. Reused for later batches. */
    private final class Batch implements ChannelFutureListener {
        int requests;
        long inFlightBytes;
        long memoryBytes;

        @Override
        public void operationComplete(ChannelFuture future) {
            batchSent(this);
        }
    }

    /** @param socket socket of the channel, for data in files; null if it is not available */
    ReplyWriter(Transmission transmission, @Nullable RawSocket socket) {
        this.transmission = transmission;
        this.ctx = transmission.ctx();
        this.encoding = transmission.encoding();
        this.memory = transmission.memory();
        this.socket = socket;
        this.pieces = new ReadReply(transmission.pool(), encoding);
    }

    /**
     * Queues the reply to a request that succeeded and has no data.
     *
     * @param requestBytes bytes that the request counted as in flight
     */
    void success(long cookie, long offset, long requestBytes) {
        encoding.success(headers(encoding.successBytes()), cookie, offset);
        count(requestBytes, 0);
    }

    /** Queues the reply to a request that failed. */
    void failure(long cookie, long offset, Failure failure, long requestBytes) {
        encoding.failure(headers(encoding.failureBytes(failure)), cookie, offset, failure);
        count(requestBytes, 0);
    }

    /** Returns the buffer for replies without data, with room for {@code bytes}. */
    private ByteBuf headers(int bytes) {
        ByteBuf out = headers;
        if (out != null && out.writableBytes() < bytes) {
            queued.add(out);
            out = null;
        }
        if (out == null) {
            out = transmission.pool().allocate(Math.max(HEADERS_BYTES, bytes));
            headers = out;
        }
        return out;
    }

    /**
     * Queues the reply to a READ that succeeded. A reply that is all in memory is sent as it is, because its header precedes the data.
     * Borrows the request, adds references.
     */
    void data(Kiobuf request) {
        long bytes = encoding.readMemoryBytes(request.lengthBytes());
        boolean isSmall = memory.isCommon(bytes);
        if (request.isAllMemory() && isSmall) {
            Fragment data = request.fragment(0);
            int end = data.offsetBytes() + data.lengthBytes();
            small(data.memory(), end - (int) bytes, end);
        } else {
            queuedExtents += pieces.whole(request, queued);
        }
        count(bytes, isSmall ? 0 : bytes);
    }

    /** Queues a whole reply in a common buffer. If it directly follows the previous one, both are sent as one piece. */
    @SuppressWarnings("ReferenceEquality") // this very buffer, not one with equal bytes
    private void small(ByteBuf chunk, int start, int end) {
        if (run == chunk && runEnd == start) {
            runEnd = end;
            return;
        }
        endRun();
        run = chunk.retain();
        runStart = start;
        runEnd = end;
    }

    private void endRun() {
        if (run != null) {
            queued.add(run.retainedSlice(runStart, runEnd - runStart));
            run.release();
            run = null;
        }
    }

    /**
     * Queues a part of the reply to a READ; nothing else may be queued between its parts. Borrows the request, adds references.
     *
     * @param head header before the data; taken; null if there is none
     * @param bytes bytes reserved for the data
     */
    void piece(@Nullable ByteBuf head, Kiobuf request, long bytes) {
        if (head != null) {
            queued.add(head);
        }
        queuedExtents += pieces.withoutHeader(request, queued);
        isQueued = true;
        filling.memoryBytes += bytes;
    }

    /** Counts a READ whose reply has been queued completely. */
    void lastPiece(long requestBytes) {
        count(requestBytes, 0);
    }

    /** Queues an encoded reply, for which {@code bytes} were reserved. Takes it. */
    void encoded(ByteBuf reply, long bytes) {
        queued.add(reply);
        count(bytes, bytes);
    }

    private void count(long requestBytes, long bytes) {
        isQueued = true;
        filling.requests++;
        filling.inFlightBytes += requestBytes;
        filling.memoryBytes += bytes;
    }

    /** Returns whether there are replies to flush. */
    boolean hasQueued() {
        return isQueued;
    }

    /** Returns whether the queued replies are so large that they, or the next similar requests, keep the client busy. */
    boolean isBatchLarge() {
        return filling.requests >= BUSY_REQUESTS || filling.inFlightBytes >= BUSY_BYTES;
    }

    /** Sends the queued replies. A nested call does nothing: a reply in several buffers must stay in one piece. */
    void flush() {
        if (flushing) {
            return;
        }
        flushing = true;
        try {
            while (isQueued && mayLeave()) {
                writeBatch();
            }
            held = isQueued;
        } finally {
            flushing = false;
        }
    }

    /**
     * Returns whether the queued batch may be sent. File extents bypass Netty: they wait until Netty has sent everything, and Netty waits
     * for them.
     */
    private boolean mayLeave() {
        return queuedExtents > 0 ? batchesInFlight == 0 : fileReplies == null || !fileReplies.isBusy();
    }

    private void writeBatch() {
        endRun();
        if (headers != null) {
            queued.add(headers);
            headers = null;
        }
        Batch batch = begin();
        if (queuedExtents > 0) {
            queuedExtents = 0;
            fromFiles = batch;
            fileReplies().send(queued);
            return;
        }
        for (int left = queued.size(); left > 1; left--) {
            ctx.write(queued.remove(), ctx.voidPromise());
        }
        ctx.write(queued.remove()).addListener(batch);
        ctx.flush();
    }

    private FileReplies fileReplies() {
        if (fileReplies == null) {
            Runnable batchSent = () -> batchSent(requireNonNull(fromFiles));
            fileReplies = new FileReplies(transmission, requireNonNull(socket), batchSent);
        }
        return fileReplies;
    }

    /** Returns how long the oldest batch in flight has waited for the socket to take it, in nanoseconds; 0 if there is none. */
    long untakenNanos(long nowNanos) {
        return batchesInFlight == 0 ? 0 : nowNanos - takenNanos;
    }

    /** Returns the batch that was being filled, which is now in flight. */
    private Batch begin() {
        if (batchesInFlight++ == 0) {
            takenNanos = System.nanoTime();
        }
        Batch batch = filling;
        filling = spare.isEmpty() ? new Batch() : spare.remove();
        isQueued = false;
        return batch;
    }

    private void batchSent(Batch batch) {
        takenNanos = System.nanoTime();
        end(batch);
        if (held && !flushing) {
            flush();
        }
    }

    private void end(Batch batch) {
        batchesInFlight--;
        transmission.sent(batch.requests, batch.inFlightBytes, batch.memoryBytes);
        batch.requests = 0;
        batch.inFlightBytes = 0;
        batch.memoryBytes = 0;
        spare.add(batch);
    }

    /** Drops the replies that were not flushed, because the socket is closed. */
    void close() {
        held = false;
        if (fileReplies != null && fileReplies.close()) {
            batchSent(requireNonNull(fromFiles));
        }
        if (headers != null) {
            headers.release();
            headers = null;
        }
        endRun();
        queued.forEach(ReferenceCountUtil::release);
        queued.clear();
        queuedExtents = 0;
        if (isQueued) {
            end(begin());
        }
    }
}
