package org.kiobd.nbd.transmission;

import io.netty.buffer.ByteBuf;
import java.util.List;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;
import org.kiobd.nbd.Export;
import org.kiobd.nbd.protocol.CommandFlags;
import org.kiobd.nbd.protocol.NbdCommand;
import org.kiobd.nbd.trace.TraceSession;
import org.kiobd.volume.BlockDevice;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;
import org.kiobd.volume.ReadPiece;
import org.kiobd.volume.kiobuf.Completion;
import org.kiobd.volume.kiobuf.Fragment;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.KiobufPool;
import org.kiobd.volume.kiobuf.Op;
import org.kiobd.volume.kiobuf.PagePool;
import org.kiobd.volume.loop.IoLoop;
import org.kiobd.volume.queue.RequestQueue;
import org.kiobd.volume.queue.Requester;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Turns valid requests into kiobufs and puts them into the queue of their loop; {@link ReplyDispatcher} ends them. Trusts the validator.
 * Owned by one connection, confined to its loop.
 */
final class RequestExecutor {
    private static final Logger LOG = LoggerFactory.getLogger(RequestExecutor.class);

    /** Larger replies are allocated in pieces of this size, which the allocator's arenas can hold. */
    private static final int PIECE_BYTES = 1 << 20;

    /**
     * Shorter READs are copied, because it is faster to send them together with others: docs/adr/0009-large-reads-by-sendfile.md has the
     * rates at 8 and 16 KiB.
     */
    private static final int LEAST_EXTENT_BYTES = 16 << 10;

    private final IoLoop loop;
    private final PagePool pool;
    private final ConnectionMemory memory;
    private final Export export;
    private final RequestQueue queue;
    private final KiobufPool kiobufs;
    private final BlockDevice device;
    private final ReplyEncoding encoding;
    private final int acceptedPieces;
    private final boolean takesExtents;
    private final Requester owner;
    private final ReplyDispatcher replies;
    private final @Nullable TraceSession trace;
    private long arrivedNanos;

    /**
     * @param owner owner of the requests
     * @param replies notifier of the requests
     * @param takesExtents whether a READ may be answered with file extents
     */
    RequestExecutor(Transmission transmission, Requester owner, ReplyDispatcher replies, boolean takesExtents) {
        this.loop = transmission.loop();
        this.pool = transmission.pool();
        this.memory = transmission.memory();
        this.export = transmission.session().export();
        this.queue = transmission.exportLoop().queue();
        this.kiobufs = transmission.exportLoop().kiobufs();
        this.device = transmission.device();
        this.encoding = transmission.encoding();
        this.takesExtents = takesExtents;
        this.acceptedPieces = transmission.session().style().hasChunks() ? ReadPiece.ACCEPT_HOLE : 0;
        this.owner = owner;
        this.replies = replies;
        this.trace = transmission.trace();
    }

    /**
     * Reads into the memory of the reply. The caller has reserved {@link ReplyEncoding#readMemoryBytes}, or prepared room in a common buffer.
     */
    void read(long cookie, long offset, int length, int wireFlags) {
        boolean inOnePiece = (wireFlags & CommandFlags.NBD_CMD_FLAG_DF) != 0;
        boolean large = takesExtents && length >= LEAST_EXTENT_BYTES && !export.copiesReads();
        Kiobuf request = request(Op.READ, cookie, offset, length)
                .accept((inOnePiece ? 0 : acceptedPieces) | (large ? ReadPiece.ACCEPT_FILE_EXTENT : 0));
        int headerBytes = encoding.dataHeaderBytes();
        if (memory.isCommon(headerBytes + length)) {
            ByteBuf common = memory.nextReply(headerBytes + length);
            int at = common.writerIndex() - headerBytes - length;
            encoding.dataHeader(common, at, cookie, offset, length);
            accept(request.add(Fragment.of(common, at + headerBytes, length)), false);
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
        accept(request, false);
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
        accept(request, false);
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
        accept(request, false);
    }

    private Kiobuf request(Op op, long cookie, long offset, long length) {
        return request(op, cookie, offset, length, replies);
    }

    private Kiobuf request(Op op, long cookie, long offset, long length, Completion.Notifier notifier) {
        Kiobuf request =
                kiobufs.take(op, offset, length).cookie(cookie).owner(owner).arrived(arrivedNanos);
        request.addNotifier(notifier);
        return request;
    }

    /** Queues a request. Takes it. */
    private void accept(Kiobuf request, boolean isPart) {
        if (trace != null) {
            trace.queued(request, isPart);
        }
        queue.accept(request);
    }

    /** Reads a part of a READ into memory that the caller has reserved. The header of the reply is sent separately. */
    void readPiece(long offset, int length, Completion.Notifier notifier) {
        boolean large = takesExtents && length >= LEAST_EXTENT_BYTES && !export.copiesReads();
        Kiobuf request = request(Op.READ, 0, offset, length, notifier).accept(large ? ReadPiece.ACCEPT_FILE_EXTENT : 0);
        accept(request.add(Fragment.of(filled(memory.allocate(length)), 0, length)), true);
    }

    /** Returns a part of a WRITE, owned, to which the caller adds the payload. */
    Kiobuf newWritePiece(long offset, long length, int flags, Completion.Notifier notifier) {
        return request(Op.WRITE, 0, offset, length, notifier).flags(flags);
    }

    /** Executes a part of a WRITE with all of its payload. Takes it. */
    void writePiece(Kiobuf piece) {
        accept(piece, true);
    }

    /** Notes the end of a request that was executed in pieces and whose reply is queued. */
    void tookInPieces(Op op, long sinceNanos) {
        replies.note(op, sinceNanos);
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
    @SuppressWarnings("FutureReturnValueIgnored") // the result goes to the replies
    void status(StatusQuery query) {
        if (!query.needsExtents()) {
            replies.ended(query, List.of(), null);
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
                replies.ended(query, List.of(), error);
            } else {
                replies.ended(query, extents, null);
            }
        });
    }

    /** Sets the arrival time of the requests that are created from now on. */
    void arrived(long nanos) {
        arrivedNanos = nanos;
    }
}
