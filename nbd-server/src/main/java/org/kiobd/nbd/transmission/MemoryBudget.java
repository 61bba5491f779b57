package org.kiobd.nbd.transmission;

import org.kiobd.volume.kiobuf.PagePool;

/**
 * One connection's account with the {@link PagePool}: its share, and what it has drawn beyond. It draws in grains, so that most requests
 * of a busy connection do not touch what all loops share; what it keeps in reserve is little, and nothing when nothing is in use.
 *
 * <p>A refusal is final: nobody is told of memory later. It leaves the connection one of two ways, both without anybody else: something of its own
 * is in flight, and gives back what it has when it ends; or nothing is, and then all of its share is free ({@link #reserveUpTo}). Confined
 * to the connection's loop.
 */
final class MemoryBudget {
    private static final long GRAIN_BYTES = 256 << 10;
    private static final int GRAINS_A_POOL = 256;

    /** Less than 1/this of a share is few. */
    private static final int FEW = 4;

    private final PagePool pool;
    private final long grainBytes;
    private final boolean admitted;
    private final long shareBytes;
    private long usedBytes;
    private long drawnBytes;
    private long refusals;
    private boolean closed;
    private boolean shareIsBack;

    MemoryBudget(PagePool pool) {
        this.pool = pool;
        this.grainBytes = Math.min(GRAIN_BYTES, pool.capacityBytes() / GRAINS_A_POOL);
        this.admitted = pool.takeShare();
        this.shareBytes = admitted ? pool.shareBytes() : 0;
    }

    /** Whether there was a share for it: without one nothing is guaranteed to it. */
    boolean isAdmitted() {
        return admitted;
    }

    /** Reserves, or refuses. */
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
     * Reserves {@code bytes}, or where that is refused, a part: what is left of the share at least. Few are not worth it, while more will come back.
     *
     * @return how many, up to {@code bytes}; 0 only if something is in use
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

    void release(long bytes) {
        usedBytes -= bytes;
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

    /** Bytes reserved and not given back; what is kept in reserve not counted. */
    long usedBytes() {
        return usedBytes;
    }

    /** What it has beyond its share. */
    long drawnBytes() {
        return drawnBytes;
    }

    /** How often others were refused so far. */
    long refusalsOfOthers() {
        return pool.refusals() - refusals;
    }

    /** Asks for nothing any more; what is in use is still to be given back. */
    void close() {
        closed = true;
        release(0);
    }
}
