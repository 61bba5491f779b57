package org.kiobd.store;

/**
 * What a member can do, for as long as it is open.
 *
 * @param blockBytes unit below which it reads, patches and writes whole blocks; 1 if there is none; a power of two
 * @param memoryAlignmentBytes alignment its memory must have; 1 if any will do; a power of two
 * @param trim TRIM gives space back (where false it is accepted and does nothing)
 * @param zero WRITE_ZEROES does not write zeros byte by byte
 * @param fastZero WRITE_ZEROES is always fast, so FAST_ZERO can be promised
 * @param extents it can tell data from holes
 * @param pageCache its bytes stand in files that the kernel caches: a READ can be answered with a {@link
 *     org.kiobd.volume.ReadPiece.FileExtent}, and what a WRITE has in pipes ({@link org.kiobd.volume.kiobuf.PipedPayload}) is taken from there
 * @param snapshot it can be snapshotted without copying it
 * @param resize it can grow while open
 * @param durableFlush a completed FLUSH survives a power cut; false for memory
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
