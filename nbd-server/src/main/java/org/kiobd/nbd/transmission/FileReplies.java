package org.kiobd.nbd.transmission;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import java.util.ArrayDeque;
import java.util.Queue;
import org.kiobd.volume.ReadPiece;
import org.kiobd.volume.kiobuf.PagePool;

/**
 * Sends replies whose data is in files, bypassing Netty: headers with send(2), data with sendfile(2) directly from the page cache, on the
 * loop. If the socket is full, copies a small piece of data and gives it to Netty: once Netty has sent the piece, the socket has room
 * again.
 *
 * <p>If a file cannot be read after a header has been sent, the connection ends, which the specification allows ("If an error occurs while
 * reading after sending the reply header"). From then on the export copies what it reads, so that the reply can report the position of the
 * error when the client has reconnected. One batch at a time. Confined to its loop.
 */
@SuppressWarnings("FutureReturnValueIgnored") // a failed write closes the channel, which channelInactive handles
final class FileReplies {
    private static final int COPY_BYTES = 4 << 10;

    /** After this many bytes, other tasks of the loop get a turn, however fast the client receives. */
    private static final long TURN_BYTES = 4 << 20;

    private final ChannelHandlerContext ctx;
    private final PagePool pool;
    private final RawSocket socket;
    private final Transmission transmission;
    private final Runnable batchSent;
    private final ArrayDeque<Object> parts = new ArrayDeque<>();
    private final ChannelFutureListener roomAgain = written -> goOn(written.isSuccess());
    private boolean busy;

    /** @param batchSent task that runs when a whole batch has been written to the socket */
    FileReplies(Transmission transmission, RawSocket socket, Runnable batchSent) {
        this.ctx = transmission.ctx();
        this.pool = transmission.pool();
        this.socket = socket;
        this.transmission = transmission;
        this.batchSent = batchSent;
    }

    /** Returns whether a batch is being sent. */
    boolean isBusy() {
        return busy;
    }

    /** Starts to send a batch of {@link ByteBuf} and {@link ReadPiece.FileExtent} in the order of the queue. Takes them. */
    void send(Queue<Object> batch) {
        parts.addAll(batch);
        batch.clear();
        busy = true;
        goOn(true);
    }

    private void goOn(boolean written) {
        if (!busy || !written || !ctx.channel().isOpen()) {
            // The channel is closed or about to be. The number of a closed descriptor may already belong to another
            // file.
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
            batchSent.run();
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

    /** Removes {@code bytes} from the beginning of the extent at the head of the queue. */
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
            transmission.unreadable((ended ? "it ends or cannot be read" : "errno=" + -result) + " at fileOffset="
                    + extent.offsetBytes());
        } else {
            transmission.drop("errno=" + -result);
        }
    }

    /** Returns whether an errno such as EIO comes from the file; EPIPE, and ENOTSOCK and above, e.g. ECONNRESET, come from the socket. */
    private static boolean isOfTheFile(long errno) {
        final int epipe = 32;
        final int enotsock = 88;
        return errno < enotsock && errno != epipe;
    }

    /**
     * Releases the rest of the batch after the socket was closed.
     *
     * @return whether a batch was being sent, which ends here
     */
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
