package org.kiobd.nbd.transmission;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.DefaultMaxMessagesRecvByteBufAllocator;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.kiobd.nbd.NbdLimits;

/**
 * Provides the buffers that the socket of one connection receives into: either a receive buffer, which grows while receives fill it, so
 * that one receive brings many requests, and shrinks when they do not; or the memory of a large WRITE that is being received. One per
 * channel, confined to its loop.
 */
public final class ReceiveBuffers extends DefaultMaxMessagesRecvByteBufAllocator {
    /** Number of consecutive receives that a smaller buffer could have held, before the buffer shrinks. */
    private static final int PATIENCE = 16;

    private final int minBytes;
    private final int maxBytes;
    private @Nullable Supplier<@Nullable ByteBuf> destination;

    public ReceiveBuffers(NbdLimits limits) {
        minBytes = limits.minReceiveBytes();
        maxBytes = limits.maxReceiveBytes();
    }

    /** Sets a supplier that is asked for a buffer first from now on; it returns owned memory, or null. */
    void destination(Supplier<@Nullable ByteBuf> newDestination) {
        destination = newDestination;
    }

    @Override
    @SuppressWarnings("deprecation") // the method is deprecated, but the only way to size receives
    public Handle newHandle() {
        return new SizingHandle();
    }

    private final class SizingHandle extends MaxMessageHandle {
        private int nextBytes = minBytes;
        private int smallOnes;
        private boolean ownMemory;

        @Override
        public ByteBuf allocate(ByteBufAllocator alloc) {
            ByteBuf own = destination == null ? null : destination.get();
            ownMemory = own != null;
            return own != null ? own : alloc.directBuffer(nextBytes);
        }

        @Override
        public int guess() {
            return nextBytes;
        }

        @Override
        public void lastBytesRead(int bytes) {
            super.lastBytesRead(bytes);
            if (ownMemory || bytes <= 0) {
                return;
            }
            if (bytes >= nextBytes) {
                nextBytes = Math.min(maxBytes, nextBytes * 2);
                smallOnes = 0;
            } else if (bytes > nextBytes / 4) {
                smallOnes = 0;
            } else if (++smallOnes >= PATIENCE) {
                nextBytes = Math.max(minBytes, nextBytes / 2);
                smallOnes = 0;
            }
        }
    }
}
