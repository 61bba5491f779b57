package org.kiobd.nbd.transmission;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;
import org.kiobd.nbd.ExportLoop;
import org.kiobd.nbd.protocol.CommandFlags;
import org.kiobd.nbd.protocol.NbdCommand;
import org.kiobd.nbd.protocol.NbdErrno;
import org.kiobd.nbd.protocol.NbdMagic;
import org.kiobd.volume.IoError;
import org.kiobd.volume.kiobuf.Completion;
import org.kiobd.volume.kiobuf.Fragment;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.Op;
import org.kiobd.volume.kiobuf.PagePool;
import org.kiobd.volume.loop.IoLoop;
import org.kiobd.volume.queue.Requester;

/**
 * Turns requests that were found valid into kiobufs, and their completions into replies. One notifier serves all requests of the
 * connection: what it needs stands in the kiobuf. Trusts the validator.
 */
final class RequestExecutor implements Completion.Notifier {
    /** Replies above this come in pieces that the allocator's arenas can hold. */
    private static final int PIECE_BYTES = 1 << 20;

    /** Where completions go. */
    interface Listener {
        /** A request has ended: its reply may be queued now. Borrows the request. */
        void ended(Kiobuf request, @Nullable IoError error);
    }

    private final IoLoop loop;
    private final PagePool pool;
    private final ExportLoop export;
    private final Requester owner;
    private final Listener listener;

    RequestExecutor(IoLoop loop, PagePool pool, ExportLoop export, Requester owner, Listener listener) {
        this.loop = loop;
        this.pool = pool;
        this.export = export;
        this.owner = owner;
        this.listener = listener;
    }

    /** Reads into the reply's own memory, {@link ReplyWriter#memoryBytes} of which are reserved. */
    void read(long cookie, long offset, int length) {
        Kiobuf request = request(Op.READ, cookie, offset, length);
        int first = Math.min(length, PIECE_BYTES - NbdMagic.SIMPLE_REPLY_BYTES);
        ByteBuf reply = pool.allocate(NbdMagic.SIMPLE_REPLY_BYTES + first);
        ReplyWriter.successHeader(reply, cookie);
        request.add(Fragment.of(filled(reply), NbdMagic.SIMPLE_REPLY_BYTES, first));
        for (int done = first; done < length; ) {
            int bytes = Math.min(length - done, PIECE_BYTES);
            request.add(Fragment.of(filled(pool.allocate(bytes)), 0, bytes));
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
                request(Op.WRITE_ZEROES, cookie, offset, length).flags(fua(wireFlags) | noHole(wireFlags));
            case CACHE -> request(Op.CACHE, cookie, offset, length);
            case READ, WRITE, DISC, BLOCK_STATUS, RESIZE, UNKNOWN ->
                throw new IllegalStateException(command + " is not a request without data");
        };
        export.queue().accept(request);
    }

    private Kiobuf request(Op op, long cookie, long offset, long length) {
        Kiobuf request = new Kiobuf(loop, op, offset, length).cookie(cookie).owner(owner);
        request.addNotifier(this);
        return request;
    }

    private static int fua(int wireFlags) {
        return (wireFlags & CommandFlags.NBD_CMD_FLAG_FUA) != 0 ? Kiobuf.FUA : 0;
    }

    private static int noHole(int wireFlags) {
        return (wireFlags & CommandFlags.NBD_CMD_FLAG_NO_HOLE) != 0 ? Kiobuf.NO_HOLE : 0;
    }

    /** Counts a request that was found wrong. */
    void refused() {
        export.failed();
    }

    @Override
    public void completed(Completion completion, @Nullable IoError error) {
        Kiobuf request = (Kiobuf) completion;
        if (error != null) {
            export.failed();
        } else if (request.op() == Op.READ) {
            export.read(request.lengthBytes());
        } else if (request.op() == Op.WRITE) {
            export.written(request.lengthBytes());
        }
        listener.ended(request, error);
    }

    /** What a request counts as in flight: the memory it has. */
    static long inFlightBytes(Op op, long lengthBytes) {
        return switch (op) {
            case READ -> ReplyWriter.memoryBytes(lengthBytes);
            case WRITE -> lengthBytes;
            case FLUSH, TRIM, WRITE_ZEROES, CACHE -> 0;
        };
    }

    /** The answer to a request that ended with {@code error}. */
    static int errno(@Nullable IoError error) {
        return error == null ? NbdErrno.NBD_SUCCESS : WireErrors.of(error);
    }
}
