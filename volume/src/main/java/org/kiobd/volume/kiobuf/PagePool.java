package org.kiobd.volume.kiobuf;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import java.util.ArrayDeque;
import org.kiobd.volume.loop.IoLoop;

/**
 * All the memory requests may use: a fixed number of bytes, shared by every loop. A request reserves what it will need before its
 * payload is read or its reply buffer is made, and gives it back when it ends; where nothing is left, its socket is not read until
 * there is. Nobody ever waits on a thread for it, and there is no queue without a bound: one waiter a connection.
 *
 * <p>Reservations are granted in the order they were asked for, so a large one cannot be starved by small ones. Any thread; a grant
 * runs on the loop of who asked.
 */
public final class PagePool {
    private final long capacityBytes;
    private final PooledByteBufAllocator allocator = new PooledByteBufAllocator(true);
    private final ArrayDeque<Waiter> waiters = new ArrayDeque<>();
    private long reservedBytes;
    private long peakBytes;

    /** A place in the queue for memory. */
    public final class Waiter {
        private final long bytes;
        private final IoLoop loop;
        private final Runnable granted;
        private boolean settled;

        private Waiter(long bytes, IoLoop loop, Runnable granted) {
            this.bytes = bytes;
            this.loop = loop;
            this.granted = granted;
        }

        /**
         * Leaves the queue.
         *
         * @return false if the grant was made already: {@code granted} then runs or has run, and the bytes are to be given back
         */
        public boolean cancel() {
            synchronized (waiters) {
                if (settled) {
                    return false;
                }
                settled = true;
                waiters.remove(this);
            }
            grantWaiting();
            return true;
        }
    }

    /** @param capacityBytes total of all reservations, more than 0 */
    public PagePool(long capacityBytes) {
        if (capacityBytes <= 0) {
            throw new IllegalArgumentException("capacityBytes=" + capacityBytes + " is not positive");
        }
        this.capacityBytes = capacityBytes;
    }

    public long capacityBytes() {
        return capacityBytes;
    }

    /** Bytes reserved now; 0 at rest. */
    public long reservedBytes() {
        synchronized (waiters) {
            return reservedBytes;
        }
    }

    /** Most bytes reserved at once so far. */
    public long peakBytes() {
        synchronized (waiters) {
            return peakBytes;
        }
    }

    /** Reserves at once, or not at all: false if too little is left or others wait. */
    public boolean tryReserve(long bytes) {
        requireServable(bytes);
        synchronized (waiters) {
            if (!waiters.isEmpty() || reservedBytes > capacityBytes - bytes) {
                return false;
            }
            take(bytes);
            return true;
        }
    }

    /** How many wait for memory. */
    public int waiting() {
        synchronized (waiters) {
            return waiters.size();
        }
    }

    /** Reserves as soon as it can; {@code granted} then runs on {@code loop}, which must not close before. */
    public Waiter reserveLater(long bytes, IoLoop loop, Runnable granted) {
        requireServable(bytes);
        Waiter waiter = new Waiter(bytes, loop, granted);
        synchronized (waiters) {
            waiters.add(waiter);
        }
        grantWaiting();
        return waiter;
    }

    /** Gives reserved bytes back. */
    public void release(long bytes) {
        boolean someWait;
        synchronized (waiters) {
            if (bytes < 0 || bytes > reservedBytes) {
                throw new IllegalStateException(
                        "more given back than reserved: bytes=" + bytes + " reservedBytes=" + reservedBytes);
            }
            reservedBytes -= bytes;
            someWait = !waiters.isEmpty();
        }
        if (someWait) {
            grantWaiting();
        }
    }

    /** Memory to use under a reservation; returns owned. Direct, contents undefined. */
    public ByteBuf allocate(int bytes) {
        return allocator.directBuffer(bytes, bytes);
    }

    /** Where receive buffers come from: the same arenas, so that memory moves freely between the two uses. */
    public PooledByteBufAllocator allocator() {
        return allocator;
    }

    private void requireServable(long bytes) {
        if (bytes < 0 || bytes > capacityBytes) {
            throw new IllegalArgumentException(
                    "cannot ever be reserved: bytes=" + bytes + " capacityBytes=" + capacityBytes);
        }
    }

    private void take(long bytes) {
        reservedBytes += bytes;
        peakBytes = Math.max(peakBytes, reservedBytes);
    }

    private void grantWaiting() {
        while (true) {
            Waiter first;
            synchronized (waiters) {
                first = waiters.peek();
                if (first == null || reservedBytes > capacityBytes - first.bytes) {
                    return;
                }
                waiters.poll();
                first.settled = true;
                take(first.bytes);
            }
            // Never under the lock: the loop may run the grant at once, and the grant may come back here.
            first.loop.execute(first.granted);
        }
    }
}
