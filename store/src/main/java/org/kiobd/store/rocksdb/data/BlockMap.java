package org.kiobd.store.rocksdb.data;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.jspecify.annotations.Nullable;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;

/**
 * Where each block of a member is. A group is in one of four layers, and the first that has it counts: the groups that changed since the log
 * was rotated; those that changed before and are being put into the database; a cache; the database.
 *
 * <p>A change alters its groups and appends its record under the locks of the groups, so the records of a group are in the order of its
 * changes. Thread-safe; calls block.
 */
final class BlockMap {
    /** Number of changed groups at which they should be put into the database. */
    static final int MANY_CHANGED = 16_384;

    /** Number of changed groups at which a change waits. */
    static final int MOST_CHANGED = 4 * MANY_CHANGED;

    private static final int MOST_CACHED = 16_384;
    private static final int STRIPES = 256;

    private final MapTable table;
    private final @Nullable MapLog log;
    private final ReentrantLock[] stripes = new ReentrantLock[STRIPES];
    private final ReentrantReadWriteLock rotation = new ReentrantReadWriteLock();
    private final ConcurrentHashMap<Long, BlockGroup> cached = new ConcurrentHashMap<>();
    private final AtomicInteger changedCount = new AtomicInteger();
    private volatile NavigableMap<Long, BlockGroup> changed;
    private volatile NavigableMap<Long, BlockGroup> leaving = new TreeMap<>();
    private long leavingSequence;

    /**
     * Borrows the table and the log.
     *
     * @param log null if the member is open read-only
     * @param replayed the groups that the log has changed; taken
     */
    BlockMap(MapTable table, @Nullable MapLog log, NavigableMap<Long, BlockGroup> replayed) {
        this.table = table;
        this.log = log;
        this.changed = new ConcurrentSkipListMap<>(replayed);
        this.changedCount.set(replayed.size());
        for (int i = 0; i < STRIPES; i++) {
            stripes[i] = new ReentrantLock();
        }
    }

    private static int stripe(long group) {
        return (int) (group & (STRIPES - 1));
    }

    private @Nullable BlockGroup inMemory(long number) {
        BlockGroup group = changed.get(number);
        if (group == null) {
            group = leaving.get(number);
        }
        return group == null ? cached.get(number) : group;
    }

    /** Returns whether the groups of these blocks are in memory, so that a change of them does not read the database. A hint only. */
    boolean isInMemory(long firstBlock, long lastBlock) {
        for (long group = BlockGroup.of(firstBlock); group <= BlockGroup.of(lastBlock); group++) {
            if (inMemory(group) == null) {
                return false;
            }
        }
        return true;
    }

    /** Returns a group, which the caller must not change. The stripe is locked. */
    private BlockGroup find(long number) throws IOException {
        BlockGroup group = inMemory(number);
        if (group == null) {
            byte[] stored = table.get(number);
            // A group that is not there is cached, too, as an empty one.
            group = stored == null ? new BlockGroup() : decode(number, stored);
            cache(number, group);
        }
        return group;
    }

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

    /** Returns a group to change. The stripe is locked. */
    private BlockGroup forChange(long number) throws IOException {
        BlockGroup group = changed.get(number);
        if (group == null) {
            group = new BlockGroup(find(number));
            changed.put(number, group);
            changedCount.incrementAndGet();
            cached.remove(number);
        }
        return group;
    }

    /** Tells the places of {@code count} blocks from {@code firstBlock} on, {@link BlockGroup#NONE} if not stored, and their checksums. */
    void lookUp(long firstBlock, int count, long[] places, int[] checksums) throws IOException {
        int i = 0;
        while (i < count) {
            long number = BlockGroup.of(firstBlock + i);
            int end = (int) Math.min(count, BlockGroup.first(number + 1) - firstBlock);
            ReentrantLock stripe = stripes[stripe(number)];
            stripe.lock();
            try {
                BlockGroup group = find(number);
                for (; i < end; i++) {
                    int index = BlockGroup.index(firstBlock + i);
                    places[i] = group.place(index);
                    checksums[i] = group.checksum(index);
                }
            } finally {
                stripe.unlock();
            }
        }
    }

    /** Tells places like {@link #lookUp}, without waiting for the disk or another thread; returns false if that cannot be. */
    boolean lookUpNow(long firstBlock, int count, long[] places, int[] checksums) {
        int i = 0;
        while (i < count) {
            long number = BlockGroup.of(firstBlock + i);
            int end = (int) Math.min(count, BlockGroup.first(number + 1) - firstBlock);
            ReentrantLock stripe = stripes[stripe(number)];
            if (!stripe.tryLock()) {
                return false;
            }
            try {
                BlockGroup group = inMemory(number);
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

    /** The result of a change: the sequence number of its record, 0 if there was nothing to change, and the places that it has freed. */
    static final class Changed {
        private long sequence;
        private long[] freed = new long[BlockGroup.BLOCKS];
        private int count;

        private void free(long place) {
            if (place != BlockGroup.NONE) {
                if (count == freed.length) {
                    freed = Arrays.copyOf(freed, 2 * count);
                }
                freed[count++] = place;
            }
        }

        long sequence() {
            return sequence;
        }

        long[] freed() {
            return freed;
        }

        int count() {
            return count;
        }
    }

    private MapLog log() {
        return Objects.requireNonNull(log, "the member is open read-only");
    }

    /**
     * Applies changes and appends their record to the log; the caller writes it. Blocks that {@code changes} clear and that are not stored are
     * left out.
     */
    Changed change(List<LogRecord.Change> changes) throws IOException {
        log().requireGood();
        Changed result = new Changed();
        BitSet locked = new BitSet(STRIPES);
        for (LogRecord.Change change : changes) {
            long last = BlockGroup.of(change.firstBlock() + change.count() - 1);
            for (long group = BlockGroup.of(change.firstBlock()); group <= last; group++) {
                locked.set(stripe(group));
            }
        }
        rotation.readLock().lock();
        lock(locked);
        try {
            for (LogRecord.Change change : changes) {
                prepare(change);
            }
            List<LogRecord.Change> effective = new ArrayList<>(changes.size());
            for (LogRecord.Change change : changes) {
                if (change.isClear()) {
                    clear(change.firstBlock(), change.firstBlock() + change.count(), effective, result);
                } else {
                    store(change, result);
                    effective.add(change);
                }
            }
            if (!effective.isEmpty()) {
                result.sequence = log().append(effective);
            }
            return result;
        } finally {
            unlock(locked);
            rotation.readLock().unlock();
        }
    }

    /** Reads all groups of a change before one is changed, so that a failed read leaves the map as it is. */
    private void prepare(LogRecord.Change change) throws IOException {
        long last = BlockGroup.of(change.firstBlock() + change.count() - 1);
        for (long group = BlockGroup.of(change.firstBlock()); group <= last; group++) {
            if (!change.isClear() || !find(group).isEmpty()) {
                forChange(group);
            }
        }
    }

    private void lock(BitSet stripeNumbers) {
        for (int i = stripeNumbers.nextSetBit(0); i >= 0; i = stripeNumbers.nextSetBit(i + 1)) {
            stripes[i].lock();
        }
    }

    private void unlock(BitSet stripeNumbers) {
        for (int i = stripeNumbers.nextSetBit(0); i >= 0; i = stripeNumbers.nextSetBit(i + 1)) {
            stripes[i].unlock();
        }
    }

    private void store(LogRecord.Change change, Changed result) {
        BlockGroup group = null;
        for (int i = 0; i < change.count(); i++) {
            long block = change.firstBlock() + i;
            int index = BlockGroup.index(block);
            if (group == null || index == 0) {
                group = Objects.requireNonNull(changed.get(BlockGroup.of(block)));
            }
            result.free(group.place(index));
            group.set(index, change.firstPlace() + i, change.checksums()[i]);
        }
    }

    /** Clears the stored blocks in {@code [firstBlock, endBlock)}; adds a change to {@code effective} for each run of them. */
    private void clear(long firstBlock, long endBlock, List<LogRecord.Change> effective, Changed result) {
        long runStart = -1;
        for (long block = firstBlock; block < endBlock; block++) {
            BlockGroup group = changed.get(BlockGroup.of(block));
            int index = BlockGroup.index(block);
            if (group != null && group.place(index) != BlockGroup.NONE) {
                result.free(group.place(index));
                group.set(index, BlockGroup.NONE, 0);
                runStart = runStart < 0 ? block : runStart;
            } else if (runStart >= 0) {
                effective.add(LogRecord.Change.clear(runStart, block - runStart));
                runStart = -1;
            }
        }
        if (runStart >= 0) {
            effective.add(LogRecord.Change.clear(runStart, endBlock - runStart));
        }
    }

    /** Receives a group of {@link #walk}. */
    @FunctionalInterface
    interface Visitor {
        /**
         * @param places the places of the blocks of the group, {@link BlockGroup#NONE} where nothing is stored; borrowed
         * @return whether to go on
         */
        boolean group(long number, long[] places) throws IOException;
    }

    /** Calls {@code visitor} for each group in {@code [firstGroup, lastGroup]} that has a stored block, in ascending order, until it returns false. */
    void walk(long firstGroup, long lastGroup, Visitor visitor) throws IOException {
        // A group moves from the first layer to the last, so a walk that reads the layers in this order misses none.
        TreeMap<Long, Boolean> inMemory = new TreeMap<>();
        changed.subMap(firstGroup, true, lastGroup, true).keySet().forEach(number -> inMemory.put(number, true));
        leaving.subMap(firstGroup, true, lastGroup, true).keySet().forEach(number -> inMemory.put(number, true));
        boolean[] goesOn = {true};
        table.walk(firstGroup, lastGroup, (number, value) -> {
            while (goesOn[0] && !inMemory.isEmpty() && inMemory.firstKey() < number) {
                goesOn[0] = visit(inMemory.pollFirstEntry().getKey(), visitor);
            }
            inMemory.remove(number);
            goesOn[0] = goesOn[0] && visit(number, visitor);
            return goesOn[0];
        });
        while (goesOn[0] && !inMemory.isEmpty()) {
            goesOn[0] = visit(inMemory.pollFirstEntry().getKey(), visitor);
        }
    }

    private boolean visit(long number, Visitor visitor) throws IOException {
        long[] places = new long[BlockGroup.BLOCKS];
        lookUp(BlockGroup.first(number), BlockGroup.BLOCKS, places, new int[BlockGroup.BLOCKS]);
        for (long place : places) {
            if (place != BlockGroup.NONE) {
                return visitor.group(number, places);
            }
        }
        return true;
    }

    /** Returns the number of groups that changed since the log was rotated. */
    int changedCount() {
        return changedCount.get();
    }

    /** Returns the number of groups that are in memory only. */
    long inMemoryCount() {
        return changedCount.get() + (long) leaving.size();
    }

    /**
     * Takes the changed groups out, to be put into the database, and rotates the log. If those of the last time are still to be put, because
     * that failed, changes nothing. Called by one thread at a time.
     *
     * @return whether there is anything to put
     */
    boolean checkpointBegins() throws IOException {
        if (!leaving.isEmpty()) {
            return true;
        }
        rotation.writeLock().lock();
        try {
            if (changed.isEmpty()) {
                return false;
            }
            leavingSequence = log().rotate();
            // In this order: a reader looks at the changed groups first.
            leaving = changed;
            changed = new ConcurrentSkipListMap<>();
            changedCount.set(0);
            return true;
        } finally {
            rotation.writeLock().unlock();
        }
    }

    /** Puts the groups of {@link #checkpointBegins} into the database. The data files were synced meanwhile. Called by one thread at a time. */
    void checkpoint() throws IOException {
        table.put(encoded(leaving), leavingSequence);
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

    private static SortedMap<Long, byte[]> encoded(Map<Long, BlockGroup> groups) {
        SortedMap<Long, byte[]> values = new TreeMap<>();
        groups.forEach((number, group) -> values.put(number, group.encode()));
        return values;
    }

    /** Puts all changes into the database before the log is rotated: for a log that has changes in both files. No change is made meanwhile. */
    void checkpointFirst() throws IOException {
        table.put(encoded(changed), log().writtenSequence());
        log().rotate();
        changed = new ConcurrentSkipListMap<>();
        changedCount.set(0);
    }

    /** Runs {@code action} while no change is made. */
    void whileUnchanged(IoAction action) throws IOException {
        rotation.writeLock().lock();
        try {
            action.run();
        } finally {
            rotation.writeLock().unlock();
        }
    }

    /** Something that may fail. */
    @FunctionalInterface
    interface IoAction {
        void run() throws IOException;
    }
}
