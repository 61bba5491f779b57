package org.kiobd.nbd.client;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import org.jspecify.annotations.Nullable;
import org.kiobd.nbd.HeaderStyle;
import org.kiobd.nbd.protocol.CommandFlags;
import org.kiobd.volume.kiobuf.Fragment;

/**
 * Collects requests to be sent: request headers and short payloads follow each other in one buffer, which is reused once its bytes are
 * sent. A busy connection thus sends all requests of one event loop iteration with one call and one buffer. Confined to the event loop;
 * must be closed.
 */
@SuppressWarnings("FutureReturnValueIgnored") // a failed write closes the channel, which the connection sees
final class RequestBatch implements AutoCloseable {
    private static final int FIRST_BYTES = 2 << 10;
    private static final int MOST_BYTES = 256 << 10;

    /** A payload up to this size is copied, so that a batch stays one buffer. The limit of one page was not compared with other values. */
    private static final int COPIED_BYTES = 4 << 10;

    private final ChannelHandlerContext ctx;
    private final HeaderStyle style;
    /** Has a fixed capacity: growing would move bytes that the kernel may still be reading. */
    private ByteBuf memory;
    /** The bytes before this index have been written to the channel. */
    private int handedBytes;

    private boolean unflushed;

    RequestBatch(ChannelHandlerContext ctx, HeaderStyle style) {
        this.ctx = ctx;
        this.style = style;
        this.memory = ctx.alloc().directBuffer(FIRST_BYTES, FIRST_BYTES);
    }

    /** Adds a request. Borrows {@code payload}. */
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

    /** Makes room for {@code bytes} bytes in {@link #memory}. */
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

    /** Returns whether a request was added since the last flush. */
    boolean isUnflushed() {
        return unflushed;
    }

    /** Sends the added requests. */
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
