package org.kiobd.nbd.client;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import org.jspecify.annotations.Nullable;
import org.kiobd.nbd.HeaderStyle;
import org.kiobd.nbd.protocol.CommandFlags;
import org.kiobd.volume.kiobuf.Fragment;

/**
 * Requests on their way out: their headers, and payload that is short, stand one behind the other in one piece of memory, which is used
 * again when it has left. A busy connection sends all that an iteration of the loop asks for with one call of one buffer. Confined to
 * the loop; close it.
 */
@SuppressWarnings("FutureReturnValueIgnored") // a write that fails closes the channel, and that is seen
final class RequestBatch implements AutoCloseable {
    private static final int FIRST_BYTES = 2 << 10;
    private static final int MOST_BYTES = 256 << 10;

    /** What is short is copied, so that a batch stays one buffer. A page was not compared with other limits. */
    private static final int COPIED_BYTES = 4 << 10;

    private final ChannelHandlerContext ctx;
    private final HeaderStyle style;
    /** Never grows: what has left it may still be read by the kernel. */
    private ByteBuf memory;
    /** Up to here it was handed to the channel. */
    private int handedBytes;

    private boolean unflushed;

    RequestBatch(ChannelHandlerContext ctx, HeaderStyle style) {
        this.ctx = ctx;
        this.style = style;
        this.memory = ctx.alloc().directBuffer(FIRST_BYTES, FIRST_BYTES);
    }

    /** Adds one. Borrows {@code payload}. */
    void add(Pending.Request request, long cookie, @Nullable Fragment payload) {
        int payloadBytes = payload == null ? 0 : payload.lengthBytes();
        boolean copied = payloadBytes <= COPIED_BYTES;
        provide(style.requestBytes() + (copied ? payloadBytes : 0));
        header(request, cookie, payload != null, payloadBytes);
        if (payload != null && copied) {
            payload.memory().getBytes(payload.offsetBytes(), memory, memory.writerIndex(), payloadBytes);
            memory.writerIndex(memory.writerIndex() + payloadBytes);
        } else if (payload != null) {
            hand();
            ctx.write(payload.memory().retainedSlice(payload.offsetBytes(), payloadBytes), ctx.voidPromise());
        }
        unflushed = true;
    }

    private void header(Pending.Request request, long cookie, boolean hasPayload, int payloadBytes) {
        boolean extended = style == HeaderStyle.EXTENDED;
        int flags = request.flags();
        if (extended && hasPayload) {
            flags |= CommandFlags.NBD_CMD_FLAG_PAYLOAD_LEN;
        }
        ByteBuf out = memory;
        out.writeInt(style.requestMagic());
        out.writeInt(flags << Short.SIZE | request.command().wire());
        out.writeLong(cookie);
        out.writeLong(request.offsetBytes());
        if (extended) {
            out.writeLong(hasPayload ? payloadBytes : request.lengthBytes());
        } else {
            out.writeInt((int) request.lengthBytes());
        }
    }

    /** Makes room for so many bytes. */
    private void provide(int bytes) {
        if (handedBytes == memory.writerIndex() && handedBytes > 0 && memory.refCnt() == 1) {
            memory.clear();
            handedBytes = 0;
        }
        if (memory.writableBytes() < bytes) {
            hand();
            int capacity = Math.min(MOST_BYTES, Math.max(memory.capacity() * 2, Integer.highestOneBit(bytes) * 2));
            memory.release();
            memory = ctx.alloc().directBuffer(capacity, capacity);
            handedBytes = 0;
        }
    }

    private void hand() {
        int from = handedBytes;
        handedBytes = memory.writerIndex();
        if (handedBytes > from) {
            ctx.write(memory.retainedSlice(from, handedBytes - from), ctx.voidPromise());
        }
    }

    /** Whether something was added since the last flush. */
    boolean isUnflushed() {
        return unflushed;
    }

    /** Sends what was added. */
    void flush() {
        unflushed = false;
        hand();
        ctx.flush();
    }

    @Override
    public void close() {
        unflushed = false;
        memory.release();
    }
}
