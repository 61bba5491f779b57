package org.kiobd.nbd.transmission;

import io.netty.buffer.ByteBuf;
import org.kiobd.volume.BlockDevice;
import org.kiobd.volume.kiobuf.AlignedMemory;
import org.kiobd.volume.kiobuf.PagePool;

/**
 * The memory for the data of a connection's requests, as its device wants it: page-aligned where it passes the page cache by, else any.
 * What it hands out is under a reservation of the pool. Any thread.
 */
final class RequestMemory {
    private final PagePool pool;
    private final boolean aligned;

    RequestMemory(PagePool pool, BlockDevice device) {
        this.pool = pool;
        this.aligned = device.memoryAlignmentBytes() > 1;
    }

    /**
     * Whether {@code bytes} of data should stand in pages of their own, apart from what goes before them. Less than a page is copied on its
     * way all the same, and would take one.
     */
    boolean isApart(long bytes) {
        return aligned && bytes >= AlignedMemory.ALIGNMENT_BYTES;
    }

    /** Returns owned; contents undefined. */
    ByteBuf allocate(int bytes) {
        return isApart(bytes) ? AlignedMemory.allocate(bytes) : pool.allocate(bytes);
    }
}
