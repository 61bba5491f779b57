package org.kiobd.nbd.client;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.DefaultMaxMessagesRecvByteBufAllocator;
import io.netty.util.concurrent.FastThreadLocal;

/**
 * Allocates the receive buffers of client sockets: one buffer per event loop, shared by all its connections, because each connection
 * decodes the received bytes before the next one receives. The buffer is large enough for one call to receive all that a busy server has
 * sent, and it stays in the processor cache. If the buffer is in use (an earlier handler keeps part of it), a smaller one is allocated
 * instead. Any thread.
 */
final class LoopReceiveBuffers extends DefaultMaxMessagesRecvByteBufAllocator {
    /** One receive seldom finds more: a unix socket holds 208 KiB by default (net.core.wmem_default). */
    private static final int BYTES = 256 << 10;

    private static final int OTHER_BYTES = 16 << 10;

    private static final FastThreadLocal<ByteBuf> OF_LOOP = new FastThreadLocal<>() {
        @Override
        protected ByteBuf initialValue() {
            return Unpooled.directBuffer(BYTES, BYTES);
        }

        @Override
        protected void onRemoval(ByteBuf memory) {
            memory.release();
        }
    };

    @Override
    @SuppressWarnings("deprecation") // the method is deprecated; its result is the only way to size receives
    public Handle newHandle() {
        return new LoopHandle();
    }

    private final class LoopHandle extends MaxMessageHandle {
        @Override
        public ByteBuf allocate(ByteBufAllocator alloc) {
            ByteBuf own = OF_LOOP.get();
            return own.refCnt() == 1 ? own.clear().retain() : alloc.directBuffer(OTHER_BYTES);
        }

        @Override
        public int guess() {
            return BYTES;
        }
    }
}
