package org.kiobd.nbd.transmission;

import io.netty.buffer.ByteBuf;
import org.kiobd.volume.BlockDevice;
import org.kiobd.volume.kiobuf.AlignedMemory;
import org.kiobd.volume.kiobuf.PagePool;

/**
 * Allocates the memory for the data of a connection's requests as the device needs it: page-aligned if the device bypasses the page cache
 * (O_DIRECT), else any. The memory it returns must be reserved in the pool. Any thread.
 */
final class RequestMemory {
    private final PagePool pool;
    private final boolean aligned;

    RequestMemory(PagePool pool, BlockDevice device) {
        this.pool = pool;
        this.aligned = device.memoryAlignmentBytes() > 1;
    }

    /**
     * Returns whether {@code bytes} of data need pages of their own, apart from the header before them. Data of less than a page is copied
     * before the I/O anyway, and would take a whole page.
     */
    boolean isApart(long bytes) {
        return aligned && bytes >= AlignedMemory.ALIGNMENT_BYTES;
    }

    /** Returns memory, owned; its contents are undefined. */
    ByteBuf allocate(int bytes) {
        return isApart(bytes) ? AlignedMemory.allocate(bytes) : pool.allocate(bytes);
    }
}
