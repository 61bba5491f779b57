package org.kiobd.volume.kiobuf;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;

/**
 * Allocates page-aligned memory for I/O that bypasses the page cache (O_DIRECT). Each buffer occupies whole pages. The process has one set
 * of arenas, created at first use. Thread-safe.
 */
public final class AlignedMemory {
    /** Alignment of every buffer; no device asks for more. */
    public static final int ALIGNMENT_BYTES = 4096;

    /** Maximum size of a buffer. Above the arenas' chunk size, a buffer would not come from an arena, and would be larger than requested. */
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
     * Allocates a direct buffer with undefined contents. Returns owned.
     *
     * @param bytes capacity, at most {@link #MAX_BYTES}
     */
    public static ByteBuf allocate(int bytes) {
        if (bytes > MAX_BYTES) {
            throw new IllegalArgumentException("bytes=" + bytes + " is more than one piece may have: " + MAX_BYTES);
        }
        return ALLOCATOR.directBuffer(bytes, bytes);
    }
}
