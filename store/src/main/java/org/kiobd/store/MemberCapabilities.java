package org.kiobd.store;

/**
 * The capabilities of a member; they do not change while it is open.
 *
 * @param blockBytes block size of the store; a write to a part of a block is a read-modify-write; 1 if there is none; a power of two
 * @param memoryAlignmentBytes alignment of memory that the store need not copy; 1 if there is none; a power of two
 * @param trim TRIM frees space (if false, TRIM is accepted and does nothing)
 * @param zero WRITE_ZEROES does not write zeros byte by byte
 * @param fastZero WRITE_ZEROES is always fast, so FAST_ZERO can be promised
 * @param extents the store can tell data from holes
 * @param pageCache the data is in files that the kernel caches: the store can answer a READ with a {@link
 *     org.kiobd.volume.ReadPiece.FileExtent}, and move the {@link org.kiobd.volume.kiobuf.Payload} of a WRITE from pipes
 * @param snapshot a snapshot of the member shares its data instead of copying it
 * @param resize the member can grow while it is open
 * @param durableFlush data survives a power failure after a completed FLUSH; false for memory and {@link CacheMode#UNSAFE}
 */
public record MemberCapabilities(
        int blockBytes,
        int memoryAlignmentBytes,
        boolean trim,
        boolean zero,
        boolean fastZero,
        boolean extents,
        boolean pageCache,
        boolean snapshot,
        boolean resize,
        boolean durableFlush) {}
