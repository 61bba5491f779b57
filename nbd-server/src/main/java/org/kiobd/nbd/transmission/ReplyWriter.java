package org.kiobd.nbd.transmission;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import java.util.ArrayDeque;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.kiobd.nbd.protocol.NbdErrno;
import org.kiobd.nbd.protocol.NbdMagic;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.PagePool;

/**
 * Encodes simple replies and sends those of one loop iteration together: replies without data stand one behind the other in a common
 * buffer, a READ's data stand behind their header in the request's own memory, and one flush sends it all in one gathered write. The
 * order is free in NBD. Only the last write of a batch has a promise, which tells when the whole batch is on the socket.
 *
 * <pre>
 *   0       4       8        16
 *   | magic | error | cookie | data of READ ...
 * </pre>
 */
@SuppressWarnings("FutureReturnValueIgnored") // a write or close that fails closes the channel, and that is seen
final class ReplyWriter {
    private static final int HEADERS_BYTES = 128 * NbdMagic.SIMPLE_REPLY_BYTES;
    private static final int BATCH_FIELDS = 3;

    /** Told when replies have left, or never will. */
    interface Listener {
        /**
         * A batch is on the socket, or the socket is gone.
         *
         * @param memoryBytes reserved bytes the replies' data took
         */
        void sent(int requests, long inFlightBytes, long memoryBytes);
    }

    private final ChannelHandlerContext ctx;
    private final PagePool pool;
    private final Listener listener;
    private final ChannelFutureListener batchSent = future -> batchSent();
    private @Nullable ByteBuf headers;
    private final ArrayDeque<ByteBuf> queued = new ArrayDeque<>();
    private boolean flushing;

    private int requests;
    private long inFlightBytes;
    private long memoryBytes;
    /** A ring of batches that are on their way, {@link #BATCH_FIELDS} numbers each. */
    private long[] batches = new long[8 * BATCH_FIELDS];

    private int batchesHead;
    private int batchesUsed;

    ReplyWriter(ChannelHandlerContext ctx, PagePool pool, Listener listener) {
        this.ctx = ctx;
        this.pool = pool;
        this.listener = listener;
    }

    /** The memory one READ's reply takes. */
    static long memoryBytes(long lengthBytes) {
        return NbdMagic.SIMPLE_REPLY_BYTES + lengthBytes;
    }

    /** Writes the header of a successful reply to the front of {@code reply}, whose data come later. Borrows it. */
    static void successHeader(ByteBuf reply, long cookie) {
        reply.setInt(0, NbdMagic.NBD_SIMPLE_REPLY_MAGIC);
        reply.setInt(4, NbdErrno.NBD_SUCCESS);
        reply.setLong(8, cookie);
    }

    /**
     * Queues a reply without data.
     *
     * @param errno NBD_SUCCESS or an error
     * @param requestBytes what the request counted as in flight
     */
    void header(long cookie, int errno, long requestBytes) {
        ByteBuf out = headers;
        if (out == null) {
            out = pool.allocate(HEADERS_BYTES);
            headers = out;
        }
        out.writeInt(NbdMagic.NBD_SIMPLE_REPLY_MAGIC).writeInt(errno).writeLong(cookie);
        if (!out.isWritable()) {
            headers = null;
            queued.add(out);
        }
        count(requestBytes, 0);
    }

    /** Queues the reply of a READ that succeeded: its fragments are header and data. Borrows the request, adds references. */
    void data(Kiobuf request) {
        for (int i = 0; i < request.fragmentCount(); i++) {
            queued.add(request.fragment(i).memory().retain());
        }
        long bytes = memoryBytes(request.lengthBytes());
        count(bytes, bytes);
    }

    private void count(long requestBytes, long bytes) {
        requests++;
        inFlightBytes += requestBytes;
        memoryBytes += bytes;
    }

    /** Whether there is something to flush. */
    boolean hasQueued() {
        return requests > 0;
    }

    /** Sends what is queued. Not again while it does: a reply in several buffers must stay in one piece. */
    void flush() {
        if (flushing) {
            return;
        }
        flushing = true;
        try {
            while (requests > 0) {
                writeBatch();
            }
        } finally {
            flushing = false;
        }
    }

    private void writeBatch() {
        if (headers != null) {
            queued.add(headers);
            headers = null;
        }
        push();
        for (int left = queued.size(); left > 1; left--) {
            ctx.write(queued.remove(), ctx.voidPromise());
        }
        ctx.write(queued.remove()).addListener(batchSent);
        ctx.flush();
    }

    private void push() {
        if (batchesUsed == batches.length) {
            long[] larger = Arrays.copyOf(batches, batches.length * 2);
            // What had wrapped around goes behind what had not.
            System.arraycopy(batches, 0, larger, batches.length, batchesHead);
            batches = larger;
        }
        int at = (batchesHead + batchesUsed) % batches.length;
        batches[at] = requests;
        batches[at + 1] = inFlightBytes;
        batches[at + 2] = memoryBytes;
        batchesUsed += BATCH_FIELDS;
        requests = 0;
        inFlightBytes = 0;
        memoryBytes = 0;
    }

    private void batchSent() {
        int at = batchesHead;
        batchesHead = (batchesHead + BATCH_FIELDS) % batches.length;
        batchesUsed -= BATCH_FIELDS;
        listener.sent((int) batches[at], batches[at + 1], batches[at + 2]);
    }

    /** The socket is gone: forgets what was not flushed. */
    void close() {
        if (headers != null) {
            headers.release();
            headers = null;
        }
        queued.forEach(ByteBuf::release);
        queued.clear();
        if (requests > 0) {
            push();
            batchSentLast();
        }
    }

    private void batchSentLast() {
        int at = (batchesHead + batchesUsed - BATCH_FIELDS) % batches.length;
        batchesUsed -= BATCH_FIELDS;
        listener.sent((int) batches[at], batches[at + 1], batches[at + 2]);
    }
}
