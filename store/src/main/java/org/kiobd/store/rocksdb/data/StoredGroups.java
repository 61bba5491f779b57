package org.kiobd.store.rocksdb.data;

import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * The numbers of the groups that the database may have, a bit each, so that a group that was never stored is known as empty without a look at
 * the database. Numbers are added and never removed. A member whose groups are so scattered that this would take much memory may have any
 * group. Thread-safe; calls do not block.
 */
final class StoredGroups {
    private static final int PART_SHIFT = 12;
    private static final int PART_WORDS = (1 << PART_SHIFT) / Long.SIZE;

    /** Number of parts, of 600 bytes each, that are too many. 8 TiB of adjacent 4 KiB blocks have as many. */
    private static final int MOST_PARTS = 1 << 15;

    private final ConcurrentHashMap<Long, AtomicLongArray> parts = new ConcurrentHashMap<>();
    private volatile boolean areUnknown;

    /** Adds a group, before the database has it. */
    void add(long group) {
        if (areUnknown) {
            return;
        }
        AtomicLongArray part = parts.computeIfAbsent(group >>> PART_SHIFT, number -> new AtomicLongArray(PART_WORDS));
        part.getAndAccumulate(word(group), 1L << group, (before, bit) -> before | bit);
        if (parts.mappingCount() > MOST_PARTS) {
            addAll();
        }
    }

    private static int word(long group) {
        return (int) (group & ((1 << PART_SHIFT) - 1)) / Long.SIZE;
    }

    /** Sets that the database may have any group. */
    void addAll() {
        areUnknown = true;
        parts.clear();
    }

    /** Returns whether the database may have a group. */
    boolean mayHave(long group) {
        AtomicLongArray part = parts.get(group >>> PART_SHIFT);
        // Looked at last: the parts are removed after it was set.
        return (part != null && (part.get(word(group)) >>> group & 1) != 0) || areUnknown;
    }
}
