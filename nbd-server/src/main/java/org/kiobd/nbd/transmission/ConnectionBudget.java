package org.kiobd.nbd.transmission;

import org.kiobd.nbd.NbdLimits;
import org.kiobd.volume.kiobuf.PagePool;

/**
 * Counts what one connection uses, i.e. its requests in flight and the bytes reserved for them in the {@link PagePool}, and refuses what
 * exceeds its limits or the pool. A request is in flight from its header until the last byte of its reply is in the socket.
 *
 * <p>The connection has a share of the pool, and draws beyond it in grains, so that most requests of a busy connection do not touch the
 * counters that all loops share. It keeps a small reserve while memory is in use, and none otherwise.
 *
 * <p>A refusal is final: the pool does not notify anybody of free memory later. The connection can always go on without help from other
 * connections: if one of its own requests is in flight, that request releases its memory at its end; if none is, all of the share is free
 * ({@link #reserveUpTo}). Confined to the connection's loop.
 */
final class ConnectionBudget {
    private static final long GRAIN_BYTES = 256 << 10;
    private static final int GRAINS_A_POOL = 256;

    /** Divisor of a refused reservation for the next attempt. Also, less than 1/this of a share is too little to be useful. */
    private static final int FEW = 4;

    private final PagePool pool;
    private final int maxRequests;
    private final long maxRequestBytes;
    private final long grainBytes;
    private final boolean admitted;
    private final long shareBytes;
    private int requests;
    private long requestBytes;
    private long usedBytes;
    private long drawnBytes;
    private long refusals;
    private boolean closed;
    private boolean shareIsBack;
    private boolean awaited;
    private boolean roomFreed;

    ConnectionBudget(PagePool pool, NbdLimits limits) {
        this.pool = pool;
        this.maxRequests = limits.maxInFlightRequests();
        this.maxRequestBytes = limits.maxInFlightBytes();
        this.grainBytes = Math.min(GRAIN_BYTES, pool.capacityBytes() / GRAINS_A_POOL);
        this.admitted = pool.takeShare();
        this.shareBytes = admitted ? pool.shareBytes() : 0;
    }

    /** Returns whether the pool had a share for the connection; without a share, no memory is guaranteed. */
    boolean isAdmitted() {
        return admitted;
    }

    /** Returns whether one more request may begin. A single request always may, however large. */
    boolean admits(long moreBytes) {
        return requests == 0 || (requests < maxRequests && requestBytes <= maxRequestBytes - moreBytes);
    }

    /** Counts a request as in flight. */
    void begin(long bytes) {
        requests++;
        requestBytes += bytes;
    }

    /** Ends requests that were in flight. */
    void end(int endedRequests, long bytes) {
        requests -= endedRequests;
        requestBytes -= bytes;
        roomFreed = true;
    }

    /** Returns whether no request is in flight. */
    boolean isIdle() {
        return requests == 0;
    }

    /** Returns the number of requests in flight. */
    int requests() {
        return requests;
    }

    /** Reserves {@code bytes}; returns false if they are refused. */
    boolean reserve(long bytes) {
        long missingBytes = usedBytes + bytes - shareBytes - drawnBytes;
        if (missingBytes > 0 && !draw(missingBytes)) {
            return false;
        }
        usedBytes += bytes;
        return true;
    }

    private boolean draw(long missingBytes) {
        return (missingBytes < grainBytes && drawExactly(grainBytes)) || drawExactly(missingBytes);
    }

    private boolean drawExactly(long bytes) {
        if (!pool.tryReserve(drawnBytes, bytes)) {
            refusals++;
            return false;
        }
        drawnBytes += bytes;
        return true;
    }

    /**
     * Reserves {@code bytes} or, if they are refused, fewer: at least the free part of the share. Refuses a very small part while other
     * memory in use will be released.
     *
     * @return number of bytes reserved, up to {@code bytes}; for a connection with a share, 0 only if memory is in use
     */
    long reserveUpTo(long bytes) {
        for (long wanted = bytes; wanted > shareBytes; wanted /= FEW) {
            if (reserve(wanted)) {
                return wanted;
            }
        }
        if (bytes <= shareBytes && reserve(bytes)) {
            return bytes;
        }
        long leftBytes = shareBytes + drawnBytes - usedBytes;
        if (usedBytes > 0 && leftBytes < shareBytes / FEW) {
            return 0;
        }
        usedBytes += leftBytes;
        return leftBytes;
    }

    /** Releases bytes that were reserved. */
    void release(long bytes) {
        usedBytes -= bytes;
        roomFreed = true;
        long spareBytes = drawnBytes - Math.max(0, usedBytes - shareBytes);
        if (usedBytes == 0 || closed) {
            giveBack(spareBytes);
        } else if (spareBytes > 2 * grainBytes) {
            giveBack(spareBytes - grainBytes);
        }
        giveShareBack();
    }

    private void giveBack(long bytes) {
        if (bytes > 0) {
            drawnBytes -= bytes;
            pool.release(bytes);
        }
    }

    private void giveShareBack() {
        if (closed && usedBytes == 0 && admitted && !shareIsBack) {
            shareIsBack = true;
            pool.giveShareBack();
        }
    }

    /** Sets whether a request of the stream waits for room or memory. */
    void await(boolean waits) {
        awaited = waits;
    }

    /** Returns whether a request of the stream waits for room or memory, so that the bytes after it wait, too. */
    boolean isAwaited() {
        return awaited;
    }

    /** Returns whether a request has ended or memory was released since the last call, so that the waiting request may be admitted. */
    boolean tookBack() {
        boolean freed = roomFreed;
        roomFreed = false;
        return freed;
    }

    /** Returns the bytes that are reserved and not released yet, without the reserve. */
    long usedBytes() {
        return usedBytes;
    }

    /** Returns the bytes drawn beyond the share. */
    long drawnBytes() {
        return drawnBytes;
    }

    /** Returns how often other connections have been refused memory so far. */
    long refusalsOfOthers() {
        return pool.refusals() - refusals;
    }

    /** Closes the account: nothing more is reserved, but memory in use must still be released. */
    void close() {
        closed = true;
        release(0);
    }
}
