package org.kiobd.store.rocksdb.data;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.jspecify.annotations.Nullable;

/**
 * Where each block of a member is. A change alters its groups and appends its record to the log under the locks of the groups, so the records
 * of a group are in the order of its changes. Thread-safe; calls block unless they say otherwise.
 */
final class BlockMap {
    /** Number of changed groups at which they should be put into the database. */
    static final int MANY_CHANGED = 16_384;

    /** Number of changed groups at which a change waits. */
    static final int MOST_CHANGED = 4 * MANY_CHANGED;

    private final MapTable table;
    private final @Nullable MapLog log;
    private final MapLayers layers;
    private final ReentrantReadWriteLock rotation = new ReentrantReadWriteLock();
    private long leavingSequence;

    /**
     * Borrows the table and the log.
     *
     * @param log null if the member is open read-only
     * @param stored the groups in the table
     * @param replayed the groups that the log has changed
     */
    BlockMap(MapTable table, @Nullable MapLog log, StoredGroups stored, NavigableMap<Long, BlockGroup> replayed) {
        this.table = table;
        this.log = log;
        this.layers = new MapLayers(table, stored, replayed);
    }

    /** Tells where blocks are, by {@link MapLayers#lookUp}. */
    boolean lookUp(long firstBlock, int count, long[] places, int[] checksums, boolean mayWait) throws IOException {
        return layers.lookUp(firstBlock, count, places, checksums, mayWait);
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
     *
     * @param mayWait whether to wait for the database and for other threads
     * @return null, with nothing changed, if it would have to, and must not
     */
    @Nullable
    Changed change(List<LogRecord.Change> changes, boolean mayWait) throws IOException {
        if (mayWait) {
            log().requireGood();
            rotation.readLock().lock();
        } else if (!log().isGood() || !rotation.readLock().tryLock()) {
            return null;
        }
        try (MapLayers.Locks locks = layers.new Locks()) {
            for (LogRecord.Change change : changes) {
                locks.add(change.firstGroup(), change.lastGroup());
            }
            if (!locks.take(mayWait) || (!mayWait && !areInMemory(changes))) {
                return null;
            }
            for (LogRecord.Change change : changes) {
                prepare(change);
            }
            return apply(changes);
        } finally {
            rotation.readLock().unlock();
        }
    }

    /** Appends the data of places to the log; the caller writes them. */
    void keep(LogRecord.Data data) throws IOException {
        log().requireGood();
        rotation.readLock().lock();
        try {
            log().append(data);
        } finally {
            rotation.readLock().unlock();
        }
    }

    private boolean areInMemory(List<LogRecord.Change> changes) {
        return changes.stream()
                .allMatch(change -> isInMemory(change.firstBlock(), change.firstBlock() + change.count() - 1));
    }

    /** Returns whether the groups of these blocks are in memory, so that a change of them does not read the database. A hint. Does not block. */
    boolean isInMemory(long firstBlock, long lastBlock) {
        for (long group = BlockGroup.of(firstBlock); group <= BlockGroup.of(lastBlock); group++) {
            if (layers.inMemory(group) == null) {
                return false;
            }
        }
        return true;
    }

    /** Reads all groups of a change before one is changed, so that a failed read leaves the map as it is. */
    private void prepare(LogRecord.Change change) throws IOException {
        for (long group = change.firstGroup(); group <= change.lastGroup(); group++) {
            if (!change.isClear() || !layers.find(group).isEmpty()) {
                layers.forChange(group);
            }
        }
    }

    private Changed apply(List<LogRecord.Change> changes) {
        Changed result = new Changed();
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
    }

    private void store(LogRecord.Change change, Changed result) {
        BlockGroup group = null;
        for (int i = 0; i < change.count(); i++) {
            long block = change.firstBlock() + i;
            int index = BlockGroup.index(block);
            if (group == null || index == 0) {
                group = Objects.requireNonNull(layers.changed(BlockGroup.of(block)));
            }
            result.free(group.place(index));
            group.set(index, change.firstPlace() + i, change.checksums()[i]);
        }
    }

    /** Clears the stored blocks in {@code [firstBlock, endBlock)}; adds a change to {@code effective} for each run of them. */
    private void clear(long firstBlock, long endBlock, List<LogRecord.Change> effective, Changed result) {
        long runStart = -1;
        for (long block = firstBlock; block < endBlock; block++) {
            BlockGroup group = layers.changed(BlockGroup.of(block));
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
        SortedMap<Long, Boolean> inMemory = layers.numbersInMemory(firstGroup, lastGroup);
        boolean[] goesOn = {true};
        table.walk(firstGroup, lastGroup, (number, value) -> {
            goesOn[0] = visitBelow(number, inMemory, visitor);
            inMemory.remove(number);
            goesOn[0] = goesOn[0] && visit(number, visitor);
            return goesOn[0];
        });
        if (goesOn[0]) {
            visitBelow(Long.MAX_VALUE, inMemory, visitor);
        }
    }

    /** Visits, and removes from {@code numbers}, the groups below {@code endGroup}; returns whether to go on. */
    private boolean visitBelow(long endGroup, SortedMap<Long, Boolean> numbers, Visitor visitor) throws IOException {
        boolean goesOn = true;
        while (goesOn && !numbers.isEmpty() && numbers.firstKey() < endGroup) {
            long number = numbers.firstKey();
            numbers.remove(number);
            goesOn = visit(number, visitor);
        }
        return goesOn;
    }

    private boolean visit(long number, Visitor visitor) throws IOException {
        long[] places = new long[BlockGroup.BLOCKS];
        layers.lookUp(BlockGroup.first(number), BlockGroup.BLOCKS, places, new int[BlockGroup.BLOCKS], true);
        for (long place : places) {
            if (place != BlockGroup.NONE) {
                return visitor.group(number, places);
            }
        }
        return true;
    }

    /** Returns the number of groups that changed since the log was rotated. Does not block. */
    int changedCount() {
        return layers.changedCount();
    }

    /** Returns the number of groups that are in memory only. */
    long inMemoryCount() {
        return changedCount() + (long) layers.leaving().size();
    }

    /**
     * Takes the changed groups out, to be put into the database, and rotates the log. If those of the last time are still to be put, because
     * that failed, changes nothing. Called by one thread at a time.
     *
     * @return whether there is anything to put
     */
    boolean checkpointBegins() throws IOException {
        if (!layers.leaving().isEmpty()) {
            return true;
        }
        rotation.writeLock().lock();
        try {
            if (layers.changed().isEmpty()) {
                return false;
            }
            leavingSequence = log().rotate();
            layers.leave();
            return true;
        } finally {
            rotation.writeLock().unlock();
        }
    }

    /** Puts the groups of {@link #checkpointBegins} into the database. The data files were synced meanwhile. Called by one thread at a time. */
    void checkpoint() throws IOException {
        layers.willBeStored(layers.leaving());
        table.put(encoded(layers.leaving()), leavingSequence);
        layers.left();
    }

    private static SortedMap<Long, byte[]> encoded(Map<Long, BlockGroup> groups) {
        SortedMap<Long, byte[]> values = new TreeMap<>();
        groups.forEach((number, group) -> values.put(number, group.encode()));
        return values;
    }

    /** Puts all changes into the database before the log is rotated: for a log that has changes in both files. No change is made meanwhile. */
    void checkpointFirst() throws IOException {
        layers.willBeStored(layers.changed());
        table.put(encoded(layers.changed()), log().writtenSequence());
        log().rotate();
        layers.forgetChanged();
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
