package org.kiobd.volume.kiobuf;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Limits the memory of all requests to a fixed number of bytes, shared by all loops. The memory a request needs is reserved before its
 * payload is read or its reply buffer is allocated, and released when the request ends.
 *
 * <p>A part of the memory is divided into equal shares, one per connection. No other connection can take a share, so a connection can
 * always make progress with its own. The rest is reserved on demand, under one rule: no connection may hold more of it than is left free.
 * So a single connection can hold half of the rest. Of n connections that hold all they can get, each holds 1/(n + 1) of the rest, and the
 * same amount is still free for a connection that comes later.
 *
 * <p>No method waits for memory or for a lock: a connection that is refused goes on with less memory, or after memory that it holds itself
 * was released. Thread-safe.
 *
 * <p>A pool also owns the {@link Pipes} into which the payload of large WRITEs is received. It is opened and closed with the server; memory
 * that is in use then is released as usual.
 */
public final class PagePool implements AutoCloseable {
    /** Maximum size of a share; enough for a connection with small requests. */
    private static final long MAX_SHARE_BYTES = 64 << 10;

    /** All shares together are at most SHARES_PART / SHARES_OF of the memory: 2/5. */
    private static final int SHARES_PART = 2;

    private static final int SHARES_OF = 5;

    private final long capacityBytes;
    private final int shares;
    private final long shareBytes;
    private final long commonBytes;
    private final PooledByteBufAllocator allocator = new PooledByteBufAllocator(true);
    private final Pipes pipes = new Pipes();
    private final AtomicInteger sharesInUse = new AtomicInteger();
    private final AtomicLong reservedBytes = new AtomicLong();
    private final AtomicLong peakBytes = new AtomicLong();
    private final AtomicLong refusals = new AtomicLong();

    /**
     * @param capacityBytes size of all memory, more than 0
     * @param shares number of shares, 1 or more
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

    /** Returns the smallest capacity of a pool whose {@code shares} have {@code shareBytes} each; {@code shareBytes} at most 64 KiB. */
    public static long capacityFor(int shares, int shareBytes) {
        if (shares < 1 || shareBytes < 1 || shareBytes > MAX_SHARE_BYTES) {
            throw new IllegalArgumentException("shares=" + shares + " shareBytes=" + shareBytes);
        }
        return ((long) shares * shareBytes * SHARES_OF + SHARES_PART - 1) / SHARES_PART;
    }

    public long capacityBytes() {
        return capacityBytes;
    }

    /** Returns the size of a share. */
    public long shareBytes() {
        return shareBytes;
    }

    /** Takes a share; returns false if all shares are taken. */
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

    /** Returns the number of shares taken; 0 at rest. */
    public int sharesInUse() {
        return sharesInUse.get();
    }

    /** Returns the bytes reserved now, without the shares; 0 at rest. */
    public long reservedBytes() {
        return reservedBytes.get();
    }

    /** Returns the maximum number of bytes reserved at once so far, without the shares. */
    public long peakBytes() {
        return peakBytes.get();
    }

    /** Returns how often {@link #tryReserve} has refused. */
    public long refusals() {
        return refusals.get();
    }

    /**
     * Reserves bytes in addition to a share, or refuses.
     *
     * @param heldBytes bytes that the same connection has reserved here before; together with {@code bytes} they must not exceed what is
     *     then left free
     * @return false if refused
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

    /** Releases reserved bytes. */
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

    /** Allocates a direct buffer with undefined contents; the caller has reserved the bytes. Returns owned. */
    public ByteBuf allocate(int bytes) {
        return allocator.directBuffer(bytes, bytes);
    }

    /** Returns the allocator for receive buffers: they share the arenas of this pool, so that freed memory serves both uses. */
    public PooledByteBufAllocator allocator() {
        return allocator;
    }

    /** Returns the pipes of this pool. */
    Pipes pipes() {
        return pipes;
    }

    /** Closes the pipes; those in use are closed when they are given back. */
    @Override
    public void close() {
        pipes.close();
    }
}
