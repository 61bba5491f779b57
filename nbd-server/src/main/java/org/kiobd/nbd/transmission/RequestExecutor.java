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
 * Turns requests that were found valid into kiobufs, and their completions into replies. One notifier serves all requests of the
 * connection: what it needs stands in the kiobuf. Trusts the validator.
 */
final class RequestExecutor implements Completion.Notifier {
    private static final Logger LOG = LoggerFactory.getLogger(RequestExecutor.class);

    /** Replies above this come in pieces that the allocator's arenas can hold. */
    private static final int PIECE_BYTES = 1 << 20;

    /** What is smaller is sent faster together with others, and copied. */
    private static final int LEAST_EXTENT_BYTES = Integer.getInteger("kiobd.sendfile.bytes", 16 << 10);

    /** Where completions go. */
    interface Listener {
        /** A request has ended: its reply may be queued now. Borrows the request. */
        void ended(Kiobuf request, @Nullable IoError error);

        /** A NBD_CMD_BLOCK_STATUS has ended. {@code extents} are what the device said, empty where it failed or was not asked. */
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
    }

    /** Reads into the reply's own memory, {@link ReplyEncoding#readMemoryBytes} of which are reserved, or room for it was prepared. */
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
            export.queue().accept(request.add(Fragment.of(common, at + headerBytes, length)));
            return;
        }
        // The header stands alone where the data must begin at a page.
        int first = memory.isApart(length) ? 0 : Math.min(length, PIECE_BYTES - headerBytes);
        ByteBuf reply = filled(pool.allocate(headerBytes + first));
        encoding.dataHeader(reply, 0, cookie, offset, length);
        request.add(Fragment.of(reply, headerBytes, first));
        for (int done = first; done < length; ) {
            int bytes = Math.min(length - done, PIECE_BYTES);
            request.add(Fragment.of(filled(memory.allocate(bytes)), 0, bytes));
            done += bytes;
        }
        export.queue().accept(request);
    }

    /** As the reply it will be: the device writes by index. */
    private static ByteBuf filled(ByteBuf buffer) {
        return buffer.writerIndex(buffer.capacity());
    }

    /** A WRITE whose payload is still to be added. Returns owned. */
    Kiobuf newWrite(long cookie, long offset, long length, int wireFlags) {
        return request(Op.WRITE, cookie, offset, length).flags(fua(wireFlags));
    }

    /** Executes a WRITE that has its payload. Takes it. */
    void write(Kiobuf request) {
        export.queue().accept(request);
    }

    /** Everything that carries no data. */
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
        export.queue().accept(request);
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

    /** Reads a part of what a READ asks for, whose header goes another way, into memory that is reserved. */
    void readPiece(long offset, int length, Completion.Notifier notifier) {
        boolean large = takesExtents && length >= LEAST_EXTENT_BYTES && !served.copiesReads();
        Kiobuf request = request(Op.READ, 0, offset, length, notifier).accept(large ? ReadPiece.ACCEPT_FILE_EXTENT : 0);
        export.queue().accept(request.add(Fragment.of(filled(memory.allocate(length)), 0, length)));
    }

    /** Part of a WRITE, whose payload is still to be added. Returns owned. */
    Kiobuf newWritePiece(long offset, long length, int flags, Completion.Notifier notifier) {
        return request(Op.WRITE, 0, offset, length, notifier).flags(flags);
    }

    /** A request that went in pieces has ended, its reply is queued. */
    void tookInPieces(Op op, long sinceNanos) {
        note(op, sinceNanos);
    }

    /** When what is made now came in. */
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

    /** Asks the device what a block status needs to know. */
    @SuppressWarnings("FutureReturnValueIgnored") // it ends in the listener
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

    /** What is made from here on came in at this time. */
    void arrived(long nanos) {
        arrivedNanos = nanos;
    }

    /** One look at the clock serves all requests that are answered together. */
    private void note(Op op, long sinceNanos) {
        if (noted == notedOps.length) {
            notedOps = Arrays.copyOf(notedOps, noted * 2);
            notedNanos = Arrays.copyOf(notedNanos, noted * 2);
        }
        notedOps[noted] = op;
        notedNanos[noted] = sinceNanos;
        noted++;
    }

    /** The replies to what has ended so far are on their way. */
    void answered() {
        long nowNanos = System.nanoTime();
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
