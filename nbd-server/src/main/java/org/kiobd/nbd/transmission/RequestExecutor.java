package org.kiobd.nbd.transmission;

import io.netty.buffer.ByteBuf;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;
import org.kiobd.nbd.ConnectionContext;
import org.kiobd.nbd.Export;
import org.kiobd.nbd.ExportLoop;
import org.kiobd.nbd.Session;
import org.kiobd.nbd.protocol.CommandFlags;
import org.kiobd.nbd.protocol.NbdCommand;
import org.kiobd.nbd.trace.TraceSession;
import org.kiobd.volume.BlockDevice;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.Extent;
import org.kiobd.volume.IoError;
import org.kiobd.volume.ReadPiece;
import org.kiobd.volume.kiobuf.Completion;
import org.kiobd.volume.kiobuf.Fragment;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.Op;
import org.kiobd.volume.kiobuf.PagePool;
import org.kiobd.volume.loop.IoLoop;
import org.kiobd.volume.queue.Requester;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Turns valid requests into kiobufs, and their completions into replies. One notifier serves all requests of the connection, because the
 * kiobuf holds all it needs. Trusts the validator.
 */
final class RequestExecutor implements Completion.Notifier {
    private static final Logger LOG = LoggerFactory.getLogger(RequestExecutor.class);

    /** Larger replies are allocated in pieces of this size, which the allocator's arenas can hold. */
    private static final int PIECE_BYTES = 1 << 20;

    /** Shorter READs are copied, because it is faster to send them together with others. */
    private static final int LEAST_EXTENT_BYTES = Integer.getInteger("kiobd.sendfile.bytes", 16 << 10);

    /** Receives completions. */
    interface Listener {
        /** Called when a request has ended and its reply may be queued. Borrows the request. */
        void ended(Kiobuf request, @Nullable IoError error);

        /** Called when an NBD_CMD_BLOCK_STATUS has ended. {@code extents} are the device's answer; empty if it failed or was not asked. */
        void ended(StatusQuery query, List<Extent> extents, @Nullable IoError error);
    }

    private final IoLoop loop;
    private final PagePool pool;
    private final RequestMemory memory;
    private final Export served;
    private final ExportLoop export;
    private final BlockDevice device;
    private final ReplyEncoding encoding;
    private final ReplyMemory replyMemory;
    private final int acceptedPieces;
    private final boolean takesExtents;
    private final Requester owner;
    private final Listener listener;
    private final @Nullable TraceSession trace;
    private long arrivedNanos;
    private int noted;
    private Op[] notedOps = new Op[64];
    private long[] notedNanos = new long[64];

    RequestExecutor(
            ConnectionContext connection, Session session, ReplyWriter replies, Requester owner, Listener listener) {
        this.loop = connection.loop();
        this.pool = connection.pool();
        this.served = session.export();
        this.export = served.on(loop);
        this.device = session.export().device();
        this.memory = new RequestMemory(pool, device);
        this.encoding = replies.encoding();
        this.replyMemory = replies.memory();
        this.takesExtents = replies.takesExtents();
        this.acceptedPieces = session.style().hasChunks() ? ReadPiece.ACCEPT_HOLE : 0;
        this.owner = owner;
        this.listener = listener;
        this.trace = served.trace(connection.peer());
    }

    /**
     * Reads into the memory of the reply. The caller has reserved {@link ReplyEncoding#readMemoryBytes}, or prepared room in {@link
     * ReplyMemory}.
     */
    void read(long cookie, long offset, int length, int wireFlags) {
        boolean inOnePiece = (wireFlags & CommandFlags.NBD_CMD_FLAG_DF) != 0;
        boolean large = takesExtents && length >= LEAST_EXTENT_BYTES && !served.copiesReads();
        Kiobuf request = request(Op.READ, cookie, offset, length)
                .accept((inOnePiece ? 0 : acceptedPieces) | (large ? ReadPiece.ACCEPT_FILE_EXTENT : 0));
        int headerBytes = encoding.dataHeaderBytes();
        if (replyMemory.takes(headerBytes + length)) {
            ByteBuf common = replyMemory.next(headerBytes + length);
            int at = common.writerIndex() - headerBytes - length;
            encoding.dataHeader(common, at, cookie, offset, length);
            queue(request.add(Fragment.of(common, at + headerBytes, length)), false);
            return;
        }
        // If the data must begin at a page boundary, the header has a buffer of its own.
        int first = memory.isApart(length) ? 0 : Math.min(length, PIECE_BYTES - headerBytes);
        ByteBuf reply = filled(pool.allocate(headerBytes + first));
        encoding.dataHeader(reply, 0, cookie, offset, length);
        request.add(Fragment.of(reply, headerBytes, first));
        for (int done = first; done < length; ) {
            int bytes = Math.min(length - done, PIECE_BYTES);
            request.add(Fragment.of(filled(memory.allocate(bytes)), 0, bytes));
            done += bytes;
        }
        queue(request, false);
    }

    /** Moves the writer index to the end: the device writes by absolute index, and the reply will be the whole buffer. */
    private static ByteBuf filled(ByteBuf buffer) {
        return buffer.writerIndex(buffer.capacity());
    }

    /** Returns a WRITE, owned, to which the caller adds the payload. */
    Kiobuf newWrite(long cookie, long offset, long length, int wireFlags) {
        return request(Op.WRITE, cookie, offset, length).flags(fua(wireFlags));
    }

    /** Executes a WRITE with all of its payload. Takes it. */
    void write(Kiobuf request) {
        queue(request, false);
    }

    /** Executes a request that carries no data. */
    void dataless(NbdCommand command, long cookie, long offset, long length, int wireFlags) {
        Kiobuf request = switch (command) {
            case FLUSH -> request(Op.FLUSH, cookie, 0, 0);
            case TRIM -> request(Op.TRIM, cookie, offset, length).flags(fua(wireFlags));
            case WRITE_ZEROES ->
                request(Op.WRITE_ZEROES, cookie, offset, length).flags(fua(wireFlags) | zeroing(wireFlags));
            case CACHE -> request(Op.CACHE, cookie, offset, length);
            case READ, WRITE, DISC, BLOCK_STATUS, RESIZE, UNKNOWN ->
                throw new IllegalStateException(command + " is not a request without data");
        };
        queue(request, false);
    }

    private Kiobuf request(Op op, long cookie, long offset, long length) {
        return request(op, cookie, offset, length, this);
    }

    private Kiobuf request(Op op, long cookie, long offset, long length, Completion.Notifier notifier) {
        Kiobuf request = export.kiobufs()
                .take(op, offset, length)
                .cookie(cookie)
                .owner(owner)
                .arrived(arrivedNanos);
        request.addNotifier(notifier);
        return request;
    }

    /** Queues a request. Takes it. */
    private void queue(Kiobuf request, boolean isPart) {
        if (trace != null) {
            trace.queued(request, isPart);
        }
        export.queue().accept(request);
    }

    /** Reads a part of a READ into memory that the caller has reserved. The header of the reply is sent separately. */
    void readPiece(long offset, int length, Completion.Notifier notifier) {
        boolean large = takesExtents && length >= LEAST_EXTENT_BYTES && !served.copiesReads();
        Kiobuf request = request(Op.READ, 0, offset, length, notifier).accept(large ? ReadPiece.ACCEPT_FILE_EXTENT : 0);
        queue(request.add(Fragment.of(filled(memory.allocate(length)), 0, length)), true);
    }

    /** Returns a part of a WRITE, owned, to which the caller adds the payload. */
    Kiobuf newWritePiece(long offset, long length, int flags, Completion.Notifier notifier) {
        return request(Op.WRITE, 0, offset, length, notifier).flags(flags);
    }

    /** Executes a part of a WRITE with all of its payload. Takes it. */
    void writePiece(Kiobuf piece) {
        queue(piece, true);
    }

    /** Notes the end of a request that was executed in pieces and whose reply is queued. */
    void tookInPieces(Op op, long sinceNanos) {
        note(op, sinceNanos);
    }

    /** Returns the arrival time of the requests that are being created. */
    long arrivedNanos() {
        return arrivedNanos;
    }

    private static int fua(int wireFlags) {
        return (wireFlags & CommandFlags.NBD_CMD_FLAG_FUA) != 0 ? Kiobuf.FUA : 0;
    }

    private static int zeroing(int wireFlags) {
        return ((wireFlags & CommandFlags.NBD_CMD_FLAG_NO_HOLE) != 0 ? Kiobuf.NO_HOLE : 0)
                | ((wireFlags & CommandFlags.NBD_CMD_FLAG_FAST_ZERO) != 0 ? Kiobuf.FAST_ZERO : 0);
    }

    /** Executes a block status: asks the device for extents if the query needs them. */
    @SuppressWarnings("FutureReturnValueIgnored") // the result goes to the listener
    void status(StatusQuery query) {
        if (!query.needsExtents()) {
            listener.ended(query, List.of(), null);
            return;
        }
        device.extents(loop, query.range(), query.maxDescriptors()).whenComplete((extents, failure) -> {
            if (failure != null) {
                Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
                IoError error = cause instanceof BlockIoException told ? told.error() : IoError.IO;
                LOG.warn(
                        "{}: block status of {} failed: {}",
                        device.info().name(),
                        query.range(),
                        String.valueOf(cause));
                listener.ended(query, List.of(), error);
            } else {
                listener.ended(query, extents, null);
            }
        });
    }

    /** Sets the arrival time of the requests that are created from now on. */
    void arrived(long nanos) {
        arrivedNanos = nanos;
    }

    /** Notes the end of a request; a single clock reading then serves all requests that are answered together. */
    private void note(Op op, long sinceNanos) {
        if (noted == notedOps.length) {
            notedOps = Arrays.copyOf(notedOps, noted * 2);
            notedNanos = Arrays.copyOf(notedNanos, noted * 2);
        }
        notedOps[noted] = op;
        notedNanos[noted] = sinceNanos;
        noted++;
    }

    /**
     * Records the latencies of the requests noted so far.
     *
     * @param areSent whether their replies are being sent; false if the client has gone
     */
    void answered(boolean areSent) {
        long nowNanos = System.nanoTime();
        if (trace != null) {
            trace.replied(nowNanos, areSent);
        }
        for (int i = 0; i < noted; i++) {
            export.took(notedOps[i], nowNanos - notedNanos[i]);
        }
        noted = 0;
    }

    @Override
    public void completed(Completion completion, @Nullable IoError error) {
        Kiobuf request = (Kiobuf) completion;
        note(request.op(), request.arrivedNanos());
        listener.ended(request, error);
    }
}
