package org.kiobd.nbd.transmission;

import org.jspecify.annotations.Nullable;
import org.kiobd.volume.kiobuf.PagePool;
import org.kiobd.volume.loop.IoLoop;

/**
 * One connection's account with the {@link PagePool}, which all loops share under a lock: it draws in grains, so that most requests
 * of a busy connection do not touch the lock. What it keeps in reserve is little, and nothing when nothing is in use.
 */
final class MemoryBudget {
    private static final long GRAIN_BYTES = 256 << 10;
    private static final int GRAINS_A_POOL = 256;

    private final PagePool pool;
    private final IoLoop loop;
    private final long grainBytes;
    private final Runnable onGranted;
    private final Runnable granted = this::granted;
    private long usedBytes;
    private long spareBytes;
    private long waitingBytes;
    private boolean wasGranted;
    private PagePool.@Nullable Waiter waiter;
    private boolean closed;

    /** @param onGranted runs on {@code loop} when a reservation that had to wait was made; not after {@link #close} */
    MemoryBudget(PagePool pool, IoLoop loop, Runnable onGranted) {
        this.pool = pool;
        this.loop = loop;
        this.onGranted = onGranted;
        this.grainBytes = Math.min(GRAIN_BYTES, pool.capacityBytes() / GRAINS_A_POOL);
    }

    /**
     * Reserves now; or asks for it in turn and returns false. {@code onGranted} then says when to call again, with the same number:
     * that call finds the bytes reserved.
     */
    boolean reserve(long bytes) {
        if (wasGranted && bytes == waitingBytes) {
            wasGranted = false;
            return true;
        }
        if (waiter != null || wasGranted) {
            throw new IllegalStateException("waiting already: waitingBytes=" + waitingBytes + " bytes=" + bytes);
        }
        if (bytes > spareBytes && !draw(bytes - spareBytes)) {
            pool.release(spareBytes);
            spareBytes = 0;
            waitingBytes = bytes;
            waiter = pool.reserveLater(bytes, loop, granted);
            return false;
        }
        spareBytes -= bytes;
        usedBytes += bytes;
        return true;
    }

    private boolean draw(long missingBytes) {
        if (missingBytes < grainBytes && pool.tryReserve(grainBytes)) {
            spareBytes += grainBytes;
            return true;
        }
        if (pool.tryReserve(missingBytes)) {
            spareBytes += missingBytes;
            return true;
        }
        return false;
    }

    private void granted() {
        waiter = null;
        if (closed) {
            pool.release(waitingBytes);
            return;
        }
        usedBytes += waitingBytes;
        wasGranted = true;
        onGranted.run();
    }

    void release(long bytes) {
        usedBytes -= bytes;
        spareBytes += bytes;
        if (usedBytes == 0 || closed) {
            pool.release(spareBytes);
            spareBytes = 0;
        } else if (spareBytes > 2 * grainBytes) {
            pool.release(spareBytes - grainBytes);
            spareBytes = grainBytes;
        }
    }

    boolean isWaiting() {
        return waiter != null;
    }

    /** Bytes reserved and not given back; what is kept in reserve not counted. */
    long usedBytes() {
        return usedBytes;
    }

    /** Asks for nothing any more; what is in use is still to be given back. */
    void close() {
        closed = true;
        if (waiter != null && waiter.cancel()) {
            waiter = null;
        }
        if (wasGranted) {
            wasGranted = false;
            release(waitingBytes);
        }
        pool.release(spareBytes);
        spareBytes = 0;
    }
}
