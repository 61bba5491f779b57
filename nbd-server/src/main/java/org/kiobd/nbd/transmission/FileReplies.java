package org.kiobd.nbd.transmission;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import java.util.ArrayDeque;
import java.util.Queue;
import org.kiobd.volume.ReadPiece;
import org.kiobd.volume.kiobuf.PagePool;

/**
 * Sends replies whose data stand in files, past Netty: headers by send(2), data by sendfile(2) straight from the page cache, on the loop.
 * Where the socket is full, a small piece is copied and given to Netty: when that has left there is room again.
 *
 * <p>A file that cannot be read behind a header that has left takes the connection with it, which the specification allows ("If an error
 * occurs while reading after sending the reply header"); the export then copies what it reads, so that the client, back again, is told
 * where the damage is. One batch at a time. Confined to its loop.
 */
@SuppressWarnings("FutureReturnValueIgnored") // a write that fails closes the channel, and that is seen
final class FileReplies {
    private static final int COPY_BYTES = 4 << 10;

    /** After so much, others of the loop have their turn, however fast the client takes it. */
    private static final long TURN_BYTES = 4 << 20;

    /** Told how a batch ended. */
    interface Listener {
        /** All of it is on the socket. */
        void batchSent();

        /** A file cannot be read, and the reply has begun. */
        void fileFailed(String how);

        /** The socket is of no use any more. */
        void socketFailed(String how);
    }

    private final ChannelHandlerContext ctx;
    private final PagePool pool;
    private final RawSocket socket;
    private final Listener listener;
    private final ArrayDeque<Object> parts = new ArrayDeque<>();
    private final ChannelFutureListener roomAgain = written -> goOn(written.isSuccess());
    private boolean busy;

    FileReplies(ChannelHandlerContext ctx, PagePool pool, RawSocket socket, Listener listener) {
        this.ctx = ctx;
        this.pool = pool;
        this.socket = socket;
        this.listener = listener;
    }

    /** Whether a batch is under way. */
    boolean isBusy() {
        return busy;
    }

    /** Begins with a batch: {@link ByteBuf} and {@link ReadPiece.FileExtent} in the order in which they leave. Takes them. */
    void send(Queue<Object> batch) {
        parts.addAll(batch);
        batch.clear();
        busy = true;
        goOn(true);
    }

    private void goOn(boolean written) {
        if (!busy || !written || !ctx.channel().isOpen()) {
            // Closed meanwhile, or about to be. The number of a closed descriptor may be another's already.
            return;
        }
        long result = 1;
        long sentBytes = 0;
        socket.begin();
        try {
            while (result > 0 && sentBytes < TURN_BYTES && !parts.isEmpty()) {
                result = sendFirst();
                sentBytes += result;
            }
        } finally {
            socket.end();
        }
        if (parts.isEmpty()) {
            busy = false;
            listener.batchSent();
        } else if (result > 0) {
            ctx.executor().execute(() -> goOn(true));
        } else if (result == RawSocket.NO_ROOM) {
            waitForRoom();
        } else {
            fail(result);
        }
    }

    private long sendFirst() {
        Object first = parts.element();
        long result;
        if (first instanceof ByteBuf bytes) {
            result = socket.send(bytes, parts.size() > 1);
            if (!bytes.isReadable()) {
                parts.remove();
                bytes.release();
            }
        } else {
            ReadPiece.FileExtent extent = (ReadPiece.FileExtent) first;
            result = socket.send(extent);
            if (result > 0) {
                skip(extent, result);
            }
        }
        return result;
    }

    /** Takes the first bytes of the extent that stands first away. */
    private void skip(ReadPiece.FileExtent extent, long bytes) {
        parts.remove();
        if (bytes < extent.lengthBytes()) {
            parts.addFirst(extent.slice(bytes, extent.lengthBytes() - bytes));
        }
    }

    private void waitForRoom() {
        Object first = parts.element();
        ByteBuf next;
        if (first instanceof ByteBuf bytes) {
            parts.remove();
            next = bytes;
        } else {
            ReadPiece.FileExtent extent = (ReadPiece.FileExtent) first;
            next = pool.allocate(COPY_BYTES);
            if (!RawSocket.read(extent, next)) {
                next.release();
                fail(Long.MIN_VALUE);
                return;
            }
            skip(extent, next.readableBytes());
        }
        ctx.writeAndFlush(next).addListener(roomAgain);
    }

    private void fail(long result) {
        Object first = parts.element();
        boolean ended = result == Long.MIN_VALUE;
        if (first instanceof ReadPiece.FileExtent extent && (ended || isOfTheFile(-result))) {
            listener.fileFailed((ended ? "it ends or cannot be read" : "errno=" + -result) + " at fileOffset="
                    + extent.offsetBytes());
        } else {
            listener.socketFailed("errno=" + -result);
        }
    }

    /** EIO and the like; EPIPE, ECONNRESET and what begins with ENOTSOCK are the socket's. */
    private static boolean isOfTheFile(long errno) {
        final int epipe = 32;
        final int enotsock = 88;
        return errno < enotsock && errno != epipe;
    }

    /** The socket is gone. @return whether a batch was under way, which ends with this */
    boolean close() {
        boolean wasBusy = busy;
        busy = false;
        for (Object part : parts) {
            if (part instanceof ByteBuf bytes) {
                bytes.release();
            }
        }
        parts.clear();
        return wasBusy;
    }
}
