package org.kiobd.volume.kiobuf;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * All the memory requests may use: a fixed number of bytes, shared by every loop. What a request will need is reserved before its
 * payload is read or its reply buffer is made, and given back when it ends.
 *
 * <p>A part of it is cut into equal shares, one a connection, which nobody else can take: with it a connection goes on whatever others do.
 * The rest goes by demand, under one rule: nobody holds more of it than is left free. So one alone may have half of the rest, and of n
 * that hold all they can get, each has 1/(n + 1), and so much again is free: who comes late finds what those before have.
 *
 * <p>Nobody waits here, for memory or for a lock: who is refused goes on with less, or after what it holds itself has come back. Any thread.
 */
public final class PagePool {
    /** A connection that asks for little at a time lives on this. */
    private static final long MAX_SHARE_BYTES = 64 << 10;

    /** All shares together are at most this part of the memory: 2/5. */
    private static final int SHARES_PART = 2;

    private static final int SHARES_OF = 5;

    private final long capacityBytes;
    private final int shares;
    private final long shareBytes;
    private final long commonBytes;
    private final PooledByteBufAllocator allocator = new PooledByteBufAllocator(true);
    private final AtomicInteger sharesInUse = new AtomicInteger();
    private final AtomicLong reservedBytes = new AtomicLong();
    private final AtomicLong peakBytes = new AtomicLong();
    private final AtomicLong refusals = new AtomicLong();

    /**
     * @param capacityBytes of all memory, more than 0
     * @param shares how many can have one at once, 1 or more
     */
    public PagePool(long capacityBytes, int shares) {
        if (capacityBytes <= 0 || shares < 1) {
            throw new IllegalArgumentException(
                    "capacityBytes=" + capacityBytes + " and shares=" + shares + " must be positive");
        }
        this.capacityBytes = capacityBytes;
        this.shares = shares;
        this.shareBytes = Math.min(MAX_SHARE_BYTES, capacityBytes * SHARES_PART / SHARES_OF / shares);
        this.commonBytes = capacityBytes - shares * shareBytes;
    }

    public long capacityBytes() {
        return capacityBytes;
    }

    /** What a share holds. */
    public long shareBytes() {
        return shareBytes;
    }

    /** Takes a share; false if all are taken. */
    public boolean takeShare() {
        if (sharesInUse.incrementAndGet() > shares) {
            sharesInUse.decrementAndGet();
            return false;
        }
        return true;
    }

    /** Gives a share back. */
    public void giveShareBack() {
        if (sharesInUse.decrementAndGet() < 0) {
            throw new IllegalStateException("more shares given back than taken");
        }
    }

    /** Shares that are taken; 0 at rest. */
    public int sharesInUse() {
        return sharesInUse.get();
    }

    /** Bytes reserved now, beyond shares; 0 at rest. */
    public long reservedBytes() {
        return reservedBytes.get();
    }

    /** Most bytes reserved at once so far, beyond shares. */
    public long peakBytes() {
        return peakBytes.get();
    }

    /** How often {@link #tryReserve} has refused. */
    public long refusals() {
        return refusals.get();
    }

    /**
     * Reserves, beyond a share, or refuses.
     *
     * @param heldBytes what the same connection has reserved here already: with {@code bytes} it must not become more than is then left
     */
    public boolean tryReserve(long heldBytes, long bytes) {
        if (heldBytes < 0 || bytes < 0) {
            throw new IllegalArgumentException("heldBytes=" + heldBytes + " bytes=" + bytes + " is negative");
        }
        long before;
        do {
            before = reservedBytes.get();
            if (heldBytes + bytes > commonBytes - before - bytes) {
                refusals.incrementAndGet();
                return false;
            }
        } while (!reservedBytes.compareAndSet(before, before + bytes));
        if (before + bytes > peakBytes.get()) {
            peakBytes.accumulateAndGet(before + bytes, Math::max);
        }
        return true;
    }

    /** Gives reserved bytes back. */
    public void release(long bytes) {
        long before;
        do {
            before = reservedBytes.get();
            if (bytes < 0 || bytes > before) {
                throw new IllegalStateException(
                        "more given back than reserved: bytes=" + bytes + " reservedBytes=" + before);
            }
        } while (!reservedBytes.compareAndSet(before, before - bytes));
    }

    /** Memory to use under a reservation; returns owned. Direct, contents undefined. */
    public ByteBuf allocate(int bytes) {
        return allocator.directBuffer(bytes, bytes);
    }

    /** Where receive buffers come from: the same arenas, so that memory moves freely between the two uses. */
    public PooledByteBufAllocator allocator() {
        return allocator;
    }
}
