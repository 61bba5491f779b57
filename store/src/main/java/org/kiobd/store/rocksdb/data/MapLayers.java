package org.kiobd.store.rocksdb.data;

import java.io.IOException;
import java.util.BitSet;
import java.util.Iterator;
import java.util.Map;
import java.util.NavigableMap;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;

/**
 * The groups of a {@link BlockMap} in four layers, of which the first that has a group counts: the groups that changed since the log was
 * rotated; those that changed before and are being put into the database; a cache; the database. {@link StoredGroups} tells
 * which groups the database cannot have.
 *
 * <p>Each group has a lock, which many groups share. A caller that has locked a group may look at it, and change it after
 * {@link #forChange}. Thread-safe; calls block unless they say otherwise. Borrows the table.
 */
final class MapLayers {
    private static final int MOST_CACHED = 16_384;
    private static final int STRIPES = 256;

    /** A group without a stored block; nobody changes it. */
    private static final BlockGroup EMPTY = new BlockGroup();

    private final MapTable table;
    private final StoredGroups stored;
    private final ReentrantLock[] stripes = new ReentrantLock[STRIPES];
    private final ConcurrentHashMap<Long, BlockGroup> cached = new ConcurrentHashMap<>();
    private final AtomicInteger changedCount = new AtomicInteger();
    private volatile NavigableMap<Long, BlockGroup> changed;
    private volatile NavigableMap<Long, BlockGroup> leaving = new TreeMap<>();

    /**
     * Borrows the table.
     *
     * @param stored the groups in the table
     * @param replayed the groups that the log has changed
     */
    MapLayers(MapTable table, StoredGroups stored, NavigableMap<Long, BlockGroup> replayed) {
        this.table = table;
        this.stored = stored;
        this.changed = new ConcurrentSkipListMap<>(replayed);
        this.changedCount.set(replayed.size());
        for (int i = 0; i < STRIPES; i++) {
            stripes[i] = new ReentrantLock();
        }
    }

    private static int stripe(long group) {
        return (int) (group & (STRIPES - 1));
    }

    /** The locks of some groups. Used by one thread. */
    final class Locks implements AutoCloseable {
        private final BitSet wanted = new BitSet(STRIPES);
        private int taken;

        /** Adds the locks of groups. */
        void add(long firstGroup, long lastGroup) {
            long last = Math.min(lastGroup, firstGroup + STRIPES - 1);
            for (long group = firstGroup; group <= last; group++) {
                wanted.set(stripe(group));
            }
        }

        /**
         * Takes the locks, in ascending order, so that two callers never deadlock.
         *
         * @param mayWait whether to wait for locks that others hold
         * @return false if one was not taken; {@link #close} releases the others
         */
        boolean take(boolean mayWait) {
            for (int i = wanted.nextSetBit(0); i >= 0; i = wanted.nextSetBit(i + 1)) {
                if (mayWait) {
                    stripes[i].lock();
                } else if (!stripes[i].tryLock()) {
                    return false;
                }
                taken = i + 1;
            }
            return true;
        }

        @Override
        public void close() {
            for (int i = wanted.nextSetBit(0); i >= 0 && i < taken; i = wanted.nextSetBit(i + 1)) {
                stripes[i].unlock();
            }
        }
    }

    /** Returns a group that is in memory, null if it is not. Does not block. A hint, unless the group is locked. */
    @Nullable
    BlockGroup inMemory(long number) {
        BlockGroup group = changed.get(number);
        if (group == null) {
            group = leaving.get(number);
        }
        if (group == null) {
            group = cached.get(number);
        }
        // Looked at last: a group is added before it leaves the layers above.
        return group == null && !stored.mayHave(number) ? EMPTY : group;
    }

    /** Returns a locked group, which the caller must not change. */
    BlockGroup find(long number) throws IOException {
        BlockGroup group = inMemory(number);
        if (group == null) {
            byte[] value = table.get(number);
            // A group that is not there is cached, too, as an empty one.
            group = value == null ? EMPTY : decode(number, value);
            cache(number, group);
        }
        return group;
    }

    /** Returns the group that {@code stored} encodes; a value that is none is damage. */
    static BlockGroup decode(long number, byte[] stored) throws BlockIoException {
        try {
            return BlockGroup.decode(stored);
        } catch (IllegalArgumentException e) {
            throw new BlockIoException(
                    IoError.IO,
                    "the map of the blocks from " + BlockGroup.first(number) + " is damaged: " + e.getMessage(),
                    e);
        }
    }

    private void cache(long number, BlockGroup group) {
        cached.put(number, group);
        if (cached.mappingCount() > MOST_CACHED) {
            Iterator<Long> some = cached.keySet().iterator();
            for (int i = 0; i < MOST_CACHED / 8 && some.hasNext(); i++) {
                some.next();
                some.remove();
            }
        }
    }

    /** Returns a locked group, which the caller may change until it releases the lock. */
    BlockGroup forChange(long number) throws IOException {
        BlockGroup group = changed.get(number);
        if (group == null) {
            group = new BlockGroup(find(number));
            changed.put(number, group);
            changedCount.incrementAndGet();
            cached.remove(number);
        }
        return group;
    }

    /** Returns a locked group that {@link #forChange} has returned before, since the log was rotated; null if it has not. */
    @Nullable
    BlockGroup changed(long number) {
        return changed.get(number);
    }

    /**
     * Tells the places of {@code count} blocks from {@code firstBlock} on, {@link BlockGroup#NONE} if not stored, and their checksums.
     *
     * @param mayWait whether to wait for the database and for other threads
     * @return false if it would have to, and must not
     */
    boolean lookUp(long firstBlock, int count, long[] places, int[] checksums, boolean mayWait) throws IOException {
        int i = 0;
        while (i < count) {
            long number = BlockGroup.of(firstBlock + i);
            int end = (int) Math.min(count, BlockGroup.first(number + 1) - firstBlock);
            ReentrantLock stripe = stripes[stripe(number)];
            if (mayWait) {
                stripe.lock();
            } else if (!stripe.tryLock()) {
                return false;
            }
            try {
                BlockGroup group = mayWait ? find(number) : inMemory(number);
                if (group == null) {
                    return false;
                }
                for (; i < end; i++) {
                    int index = BlockGroup.index(firstBlock + i);
                    places[i] = group.place(index);
                    checksums[i] = group.checksum(index);
                }
            } finally {
                stripe.unlock();
            }
        }
        return true;
    }

    /** Returns the numbers of the groups in {@code [firstGroup, lastGroup]} that are in one of the first two layers. */
    SortedMap<Long, Boolean> numbersInMemory(long firstGroup, long lastGroup) {
        // A group moves from the first layer to the last, so a caller that then walks the table misses none.
        SortedMap<Long, Boolean> numbers = new TreeMap<>();
        changed.subMap(firstGroup, true, lastGroup, true).keySet().forEach(number -> numbers.put(number, true));
        leaving.subMap(firstGroup, true, lastGroup, true).keySet().forEach(number -> numbers.put(number, true));
        return numbers;
    }

    /** Returns the number of groups in the first layer. */
    int changedCount() {
        return changedCount.get();
    }

    /** Returns the groups in the first layer. */
    Map<Long, BlockGroup> changed() {
        return changed;
    }

    /** Returns the groups in the second layer. */
    Map<Long, BlockGroup> leaving() {
        return leaving;
    }

    /** Moves the first layer to the second one, which is empty. Nothing is changed meanwhile. */
    void leave() {
        // In this order: a reader looks at the changed groups first.
        leaving = changed;
        forgetChanged();
    }

    /** Notes that groups are about to be put into the database. */
    void willBeStored(Map<Long, BlockGroup> groups) {
        groups.keySet().forEach(stored::add);
    }

    /** Empties the first layer, which the database has by now. Nothing is changed meanwhile. */
    void forgetChanged() {
        changed = new ConcurrentSkipListMap<>();
        changedCount.set(0);
    }

    /** Empties the second layer, which the database has by now. */
    void left() {
        for (Map.Entry<Long, BlockGroup> group : leaving.entrySet()) {
            ReentrantLock stripe = stripes[stripe(group.getKey())];
            stripe.lock();
            try {
                if (!changed.containsKey(group.getKey())) {
                    cache(group.getKey(), group.getValue());
                }
            } finally {
                stripe.unlock();
            }
        }
        leaving = new TreeMap<>();
    }
}
