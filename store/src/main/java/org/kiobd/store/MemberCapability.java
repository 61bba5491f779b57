package org.kiobd.store;

/** Something that not every member can do. */
public enum MemberCapability {
    /** TRIM frees space; without it, TRIM is accepted and does nothing. */
    TRIM,

    /** WRITE_ZEROES does not write zeros byte by byte. */
    WRITE_ZEROES,

    /** WRITE_ZEROES is always fast, so FAST_ZERO can be promised. */
    FAST_ZERO,

    /** The store can tell data from holes. */
    EXTENTS,

    /**
     * The data is in files that the kernel caches: the store can answer a READ with a {@link org.kiobd.volume.ReadPiece.FileExtent}, and
     * move the {@link org.kiobd.volume.kiobuf.Payload} of a WRITE from pipes.
     */
    PAGE_CACHE,

    /** A snapshot of the member shares its data instead of copying it. */
    SNAPSHOT,

    /** The member can grow while it is open. */
    RESIZE,

    /** Data survives a power failure after a completed FLUSH; not so in memory and with {@link CacheMode#UNSAFE}. */
    DURABLE_FLUSH
}
