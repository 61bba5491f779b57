package org.kiobd.store.rocksdb.data;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Applies the records of a log to the map of the database.
 *
 * <p>A record that a sync covered counts as it is. For a later one, a power cut may have kept the record and lost the data: a block then is
 * where the last record says whose data have the right checksum. A place is used by one block only; if two records name the same place, the
 * later one counts, because the place was free before it. Used by one thread, at the opening of a member.
 */
final class MapReplay {
    private final MapTable table;
    private final DataFiles files;
    private final long synced;
    private final NavigableMap<Long, BlockGroup> groups = new TreeMap<>();
    private final Map<Long, Unsure> unsure = new LinkedHashMap<>();
    private final List<LogRecord.Change> corrections = new ArrayList<>();
    private final KeptData kept;

    /** Where a record says a block is. */
    private record Candidate(long sequence, long place, int checksum) {}

    /** A block whose last records no sync has covered. */
    private static final class Unsure {
        private final long block;
        private final List<Candidate> candidates = new ArrayList<>(1);

        /** Number of candidates that are still to be looked at, from the first one on. */
        private int left;

        private @Nullable Candidate chosen;

        Unsure(long block) {
            this.block = block;
        }

        boolean isLastChosen() {
            return chosen != null && left == candidates.size() - 1;
        }
    }

    /** @param synced sequence number of the last record that a sync covered; borrows the others */
    MapReplay(MapTable table, DataFiles files, KeptData kept, long synced) {
        this.table = table;
        this.files = files;
        this.synced = synced;
        this.kept = kept;
    }

    /**
     * Applies a record; its data are not needed afterwards.
     *
     * @param file number of the log file that has it
     * @param atBytes its position there
     */
    void apply(LogRecord record, int file, long atBytes) throws IOException {
        if (record.data() != null) {
            kept.keep(record.data(), file, atBytes + LogRecord.dataAtBytes());
        }
        for (LogRecord.Change change : record.changes()) {
            for (int i = 0; i < change.count(); i++) {
                long block = change.firstBlock() + i;
                long place = change.isClear() ? BlockGroup.NONE : change.firstPlace() + i;
                int checksum = change.isClear() ? 0 : change.checksums()[i];
                kept.replaced(place);
                if (record.sequence() <= synced) {
                    set(block, place, checksum);
                } else {
                    unsure.computeIfAbsent(block, Unsure::new)
                            .candidates
                            .add(new Candidate(record.sequence(), place, checksum));
                }
            }
        }
    }

    private BlockGroup group(long number) throws IOException {
        BlockGroup group = groups.get(number);
        if (group == null) {
            byte[] stored = table.get(number);
            group = stored == null ? new BlockGroup() : MapLayers.decode(number, stored);
            groups.put(number, group);
        }
        return group;
    }

    private void set(long block, long place, int checksum) throws IOException {
        group(BlockGroup.of(block)).set(BlockGroup.index(block), place, checksum);
    }

    /**
     * Decides about the records that no sync covered.
     *
     * @return the groups that differ from those in the database
     */
    NavigableMap<Long, BlockGroup> finish() throws IOException {
        Map<Long, Unsure> owners = new HashMap<>();
        unsure.values().forEach(one -> one.left = one.candidates.size());
        Deque<Unsure> undecided = new ArrayDeque<>(unsure.values());
        while (!undecided.isEmpty()) {
            Unsure one = undecided.remove();
            one.chosen = null;
            Candidate candidate = next(one);
            if (candidate == null) {
                continue;
            }
            if (candidate.place != BlockGroup.NONE) {
                Unsure owner = owners.get(candidate.place);
                if (owner != null && sequence(owner) > candidate.sequence) {
                    undecided.add(one);
                    continue;
                }
                if (owner != null) {
                    undecided.add(owner);
                }
                owners.put(candidate.place, one);
            }
            one.chosen = candidate;
        }
        for (Unsure one : unsure.values()) {
            decide(one);
        }
        return groups;
    }

    private static long sequence(Unsure owner) {
        return owner.chosen == null ? 0 : owner.chosen.sequence;
    }

    /** Returns the latest valid candidate that was not returned before; null if there is none. */
    private @Nullable Candidate next(Unsure one) throws IOException {
        while (one.left > 0) {
            one.left--;
            Candidate candidate = one.candidates.get(one.left);
            if (candidate.place == BlockGroup.NONE
                    || kept.has(candidate.place, candidate.checksum)
                    || files.has(candidate.place, candidate.checksum)) {
                return candidate;
            }
        }
        return null;
    }

    private void decide(Unsure one) throws IOException {
        if (one.chosen != null) {
            set(one.block, one.chosen.place, one.chosen.checksum);
        }
        if (!one.isLastChosen()) {
            BlockGroup group = group(BlockGroup.of(one.block));
            int index = BlockGroup.index(one.block);
            corrections.add(
                    group.place(index) == BlockGroup.NONE
                            ? LogRecord.Change.clear(one.block, 1)
                            : new LogRecord.Change(
                                    one.block, 1, group.place(index), new int[] {group.checksum(index)}));
        }
    }

    /** Returns the data of places that the log has. */
    KeptData kept() {
        return kept;
    }

    /**
     * Returns the changes that repeat what was decided against the last record of a block. They must be appended to the log before any other
     * change: the places that were not chosen are free, and later look as if they had been.
     */
    List<LogRecord.Change> corrections() {
        return corrections;
    }
}
