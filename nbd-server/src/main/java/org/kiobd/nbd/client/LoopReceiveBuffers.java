package org.kiobd.nbd.client;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.DefaultMaxMessagesRecvByteBufAllocator;
import io.netty.util.concurrent.FastThreadLocal;

/**
 * Where a client's sockets deliver to: one piece of memory a loop, which all its connections take turns with, for they are done with it
 * when they have decoded it. It holds what a busy server has sent meanwhile, so that one call receives it, and it stays in the
 * processor's cache. Where it is not free (a handler before ours keeps some of it) there is other memory for once. Any thread.
 */
final class LoopReceiveBuffers extends DefaultMaxMessagesRecvByteBufAllocator {
    /** More is seldom there to be received: a unix socket holds 208 KiB by default (net.core.wmem_default). */
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
    @SuppressWarnings("deprecation") // the method is; what it returns is the only way to size receives
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
