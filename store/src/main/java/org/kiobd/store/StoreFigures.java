package org.kiobd.store;

/** Figures that only one kind of store has, in addition to those that the volume counts for every member. Immutable. */
public sealed interface StoreFigures {
    /** The store has no figures of its own. */
    StoreFigures NONE = new None();

    /** Nothing in addition. */
    record None() implements StoreFigures {}

    /**
     * A file whose reads and writes bypass the page cache.
     *
     * @param bouncedOps operations that were copied because their memory or range was not aligned
     * @param patchedBlocks blocks that were read in order to be written in part
     */
    record Direct(long bouncedOps, long patchedBlocks) implements StoreFigures {}

    /**
     * A database. A figure that it cannot tell is -1.
     *
     * @param writeDelays how often writes were slowed down for flushes and compaction
     * @param writeStops how often writes had to wait for flushes and compaction
     * @param memoryBytes memory of the memtables
     * @param damagedReads reads that found damaged data
     */
    record Database(long writeDelays, long writeStops, long memoryBytes, long damagedReads) implements StoreFigures {}
}
