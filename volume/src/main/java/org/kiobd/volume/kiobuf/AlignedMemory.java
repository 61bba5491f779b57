package org.kiobd.volume.kiobuf;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;

/**
 * Memory that begins at the start of a page, for I/O past the page cache: each piece takes whole pages. One set of arenas for the process,
 * made when it is first asked for. Any thread.
 */
public final class AlignedMemory {
    /** What every piece begins at a multiple of; no device asks for more. */
    public static final int ALIGNMENT_BYTES = 4096;

    /** More does not come from an arena, and would be longer than asked for. */
    public static final int MAX_BYTES = 1 << 20;

    private static final PooledByteBufAllocator ALLOCATOR = new PooledByteBufAllocator(
            true,
            0,
            PooledByteBufAllocator.defaultNumDirectArena(),
            PooledByteBufAllocator.defaultPageSize(),
            PooledByteBufAllocator.defaultMaxOrder(),
            PooledByteBufAllocator.defaultSmallCacheSize(),
            PooledByteBufAllocator.defaultNormalCacheSize(),
            PooledByteBufAllocator.defaultUseCacheForAllThreads(),
            ALIGNMENT_BYTES);

    private AlignedMemory() {}

    /**
     * Returns owned. Direct, contents undefined.
     *
     * @param bytes at most {@link #MAX_BYTES}
     */
    public static ByteBuf allocate(int bytes) {
        if (bytes > MAX_BYTES) {
            throw new IllegalArgumentException("bytes=" + bytes + " is more than one piece may have: " + MAX_BYTES);
        }
        return ALLOCATOR.directBuffer(bytes, bytes);
    }
}
