package org.kiobd.store;

import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

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
     * @param stalls how often and when writes had to wait for it
     * @param memoryBytes memory of the memtables
     * @param damagedReads reads that found damaged data
     */
    record Database(WriteStalls stalls, long memoryBytes, long damagedReads) implements StoreFigures {}

    /**
     * Waits of writes for a store, since its opening.
     *
     * @param delays how often writes were slowed down; -1 if unknown
     * @param stops how often writes had to wait; -1 if unknown
     * @param causes what they waited for, in words for users, and how often
     * @param last the last stall, or the one that is under way; null if there was none
     */
    record WriteStalls(
            long delays,
            long stops,
            Map<String, Long> causes,
            @Nullable Stall last) {
        /** Nothing is known. */
        public static final WriteStalls UNKNOWN = new WriteStalls(-1, -1, Map.of(), null);

        public WriteStalls {
            causes = Collections.unmodifiableMap(new TreeMap<>(causes));
        }
    }

    /**
     * A time in which writes waited or were slowed down.
     *
     * @param beganMs when it began, in ms since 1970
     * @param lengthMs how long it was, up to now if it is under way
     */
    record Stall(long beganMs, long lengthMs) {}
}
