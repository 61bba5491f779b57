package org.kiobd.store.rocksdb.data;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The places in data files that hold no block. A place is a number: the number of its file and, in the lower {@value #FILE_SHIFT} bits, its
 * position in the file. Takes places in ascending order and begins again at the first one, so that what is written together is adjacent.
 *
 * <p>A place that a change has freed may be needed after a power cut, if the change was not synced before. So it can be taken again when a
 * sync has covered the change. A place that was also taken after the last sync began is no part of any synced map, and can be taken at once.
 *
 * <p>Places of a file that is shared with a snapshot are not taken: the snapshot may need them. Thread-safe.
 */
final class FreePlaces {
    /** Number of bits of a place that are its position in the file. */
    static final int FILE_SHIFT = 16;

    /** Number of places in one data file. */
    static final int FILE_PLACES = 1 << FILE_SHIFT;

    /** Number of free runs that are looked at for one that is long enough. */
    private static final int MOST_PROBES = 32;

    private final List<FileSpace> files = new ArrayList<>();
    private final Waiting waiting = new Waiting();
    private long cursor;
    private long usedCount;

    /** Adjacent places. */
    record Run(long first, int count) {}

    private static final class FileSpace {
        private final BitSet used = new BitSet();
        /** Places that may take space on the disk; others were never written, or were punched out. */
        private final BitSet allocated = new BitSet();
        /** Places taken since the last sync began. */
        private final BitSet young = new BitSet();

        private int free = FILE_PLACES;
        private boolean shared;
        /** Whether it is unknown which places are used, so that none is ever taken or freed. */
        private boolean sealed;

        private int takable() {
            return shared || sealed ? 0 : free;
        }
    }

    /** Places that changes have freed, and that wait for a sync. */
    private static final class Waiting {
        private static final int FIRST_PLACES = 1024;
        private static final long TRIMMED = 1L << 62;

        private long[] places = new long[FIRST_PLACES];
        private long[] sequences = new long[FIRST_PLACES];
        private int count;
        private int trimmedCount;

        void add(long place, long sequence, boolean trimmed) {
            if (count == places.length) {
                places = Arrays.copyOf(places, 2 * count);
                sequences = Arrays.copyOf(sequences, 2 * count);
            }
            places[count] = trimmed ? place | TRIMMED : place;
            sequences[count++] = sequence;
            trimmedCount += trimmed ? 1 : 0;
        }

        void recount() {
            trimmedCount = 0;
            for (int i = 0; i < count; i++) {
                trimmedCount += (places[i] & TRIMMED) != 0 ? 1 : 0;
            }
        }
    }

    /** Returns the file that has {@code place}. */
    static int file(long place) {
        return (int) (place >>> FILE_SHIFT);
    }

    /** Returns the position of {@code place} in its file. */
    static int position(long place) {
        return (int) (place & (FILE_PLACES - 1));
    }

    private static long place(int file, int position) {
        return ((long) file << FILE_SHIFT) + position;
    }

    /**
     * Takes at least one place and at most {@code wanted} adjacent places of one file. Adds a file if no place is free.
     *
     * @param wanted 1 or more
     */
    synchronized Run take(int wanted) {
        Run found = find(Math.min(wanted, FILE_PLACES));
        if (found == null) {
            files.add(new FileSpace());
            found = new Run(place(files.size() - 1, 0), Math.min(wanted, FILE_PLACES));
        }
        take(found);
        cursor = found.first + found.count;
        return found;
    }

    private void take(Run run) {
        FileSpace space = files.get(file(run.first));
        int position = position(run.first);
        space.used.set(position, position + run.count);
        space.allocated.set(position, position + run.count);
        space.young.set(position, position + run.count);
        space.free -= run.count;
        usedCount += run.count;
    }

    /** Returns the first free run from the cursor on that is long enough, or the longest of those looked at; null if none is free. */
    private @Nullable Run find(int wanted) {
        Run longest = null;
        int probes = 0;
        int start = file(cursor);
        for (int i = 0; i <= files.size() && probes < MOST_PROBES; i++) {
            int file = files.isEmpty() ? 0 : (start + i) % files.size();
            if (files.isEmpty() || files.get(file).takable() == 0) {
                continue;
            }
            BitSet used = files.get(file).used;
            int from = i == 0 && start < files.size() ? position(cursor) : 0;
            int end = i == files.size() ? position(cursor) : FILE_PLACES;
            for (int at = used.nextClearBit(from); at < end && probes < MOST_PROBES; probes++) {
                int next = used.nextSetBit(at);
                int count = Math.min(wanted, (next < 0 ? FILE_PLACES : next) - at);
                if (longest == null || count > longest.count) {
                    longest = new Run(place(file, at), count);
                }
                if (count == wanted) {
                    return longest;
                }
                at = used.nextClearBit(next < 0 ? FILE_PLACES : next);
            }
        }
        return longest;
    }

    /**
     * Takes adjacent places that take space on the disk already.
     *
     * @return null if there is none
     */
    synchronized @Nullable Run takeAllocated(int wanted) {
        for (int file = 0; file < files.size(); file++) {
            FileSpace space = files.get(file);
            if (space.takable() > 0) {
                BitSet found = (BitSet) space.allocated.clone();
                found.andNot(space.used);
                int first = found.nextSetBit(0);
                if (first >= 0) {
                    Run run = new Run(place(file, first), Math.min(wanted, found.nextClearBit(first) - first));
                    take(run);
                    return run;
                }
            }
        }
        return null;
    }

    /** Returns places that were taken and that no change has used. */
    synchronized void giveBack(Run run) {
        free(run.first, run.count);
    }

    private void free(long first, int count) {
        FileSpace space = files.get(file(first));
        int position = position(first);
        if (space.used.nextClearBit(position) < position + count) {
            throw new IllegalStateException("a place is free already: first=" + first + " count=" + count);
        }
        space.used.clear(position, position + count);
        space.free += count;
        usedCount -= count;
    }

    /**
     * Frees places that a change no longer uses. Called when the record of the change has been written to the log.
     *
     * @param freed the places, of which the first {@code count} count; borrowed
     * @param sequence sequence number of the record
     * @param trimmed whether the space of the places is to be given back to the disk, by the next sync
     */
    synchronized void freed(long[] freed, int count, long sequence, boolean trimmed) {
        for (int i = 0; i < count; i++) {
            FileSpace space = files.get(file(freed[i]));
            if (space.sealed) {
                continue;
            }
            if (!trimmed && !space.shared && space.young.get(position(freed[i]))) {
                free(freed[i], 1);
            } else {
                waiting.add(freed[i], sequence, trimmed);
            }
        }
    }

    /** Frees places like {@link #freed}, of a change whose record could not be written yet. */
    synchronized void freedLater(long[] freed, int count, long sequence) {
        for (int i = 0; i < count; i++) {
            if (!files.get(file(freed[i])).sealed) {
                waiting.add(freed[i], sequence, false);
            }
        }
    }

    /** Notes that a sync begins: what was taken up to now may be a part of the map that it makes durable. */
    synchronized void syncBegins() {
        for (FileSpace space : files) {
            space.young.clear();
        }
    }

    /**
     * Frees the places that changes up to {@code sequence} have freed, because a sync has covered these changes.
     *
     * @return the places whose space is to be given back to the disk, in runs; the caller punches them out and then calls {@link #punched}
     */
    synchronized List<Run> synced(long sequence) {
        long[] trimmed = new long[waiting.count];
        int trims = 0;
        int kept = 0;
        for (int i = 0; i < waiting.count; i++) {
            long place = waiting.places[i] & ~Waiting.TRIMMED;
            if (waiting.sequences[i] > sequence) {
                waiting.places[kept] = waiting.places[i];
                waiting.sequences[kept++] = waiting.sequences[i];
            } else if (waiting.places[i] != place && !files.get(file(place)).shared) {
                trimmed[trims++] = place;
            } else {
                free(place, 1);
            }
        }
        waiting.count = kept;
        waiting.recount();
        return runs(Arrays.copyOf(trimmed, trims));
    }

    private static List<Run> runs(long[] places) {
        Arrays.sort(places);
        List<Run> runs = new ArrayList<>();
        int from = 0;
        for (int i = 1; i <= places.length; i++) {
            if (i == places.length || places[i] != places[i - 1] + 1 || position(places[i]) == 0) {
                runs.add(new Run(places[from], i - from));
                from = i;
            }
        }
        return places.length == 0 ? List.of() : runs;
    }

    /**
     * Frees places that {@link #synced} or {@link #unshared} has returned.
     *
     * @param done whether their space was given back
     */
    synchronized void punched(Run run, boolean done) {
        if (done) {
            files.get(file(run.first)).allocated.clear(position(run.first), position(run.first) + run.count);
        }
        free(run.first, run.count);
    }

    /** Notes that the first {@code count} places of a file may take space, while the map is loaded. */
    synchronized void mayBeAllocated(int file, int count) {
        files.get(file).allocated.set(0, count);
    }

    /** Marks a place as used, while the map is loaded; returns false if it is used already. */
    synchronized boolean markUsed(long place) {
        while (files.size() <= file(place)) {
            files.add(new FileSpace());
        }
        FileSpace space = files.get(file(place));
        if (space.used.get(position(place))) {
            return false;
        }
        space.used.set(position(place));
        space.allocated.set(position(place));
        space.free--;
        usedCount++;
        return true;
    }

    /** Adds files so that there are {@code count}. */
    synchronized void addFiles(int count) {
        while (files.size() < count) {
            files.add(new FileSpace());
        }
    }

    /** Sets that a file is shared with a snapshot, so that nothing in it may be overwritten. */
    synchronized void share(int file) {
        files.get(file).shared = true;
    }

    /** Sets for all files that it is unknown which places are used: nothing in them may be overwritten, ever. */
    synchronized void seal() {
        files.forEach(space -> space.sealed = true);
    }

    synchronized boolean isShared(int file) {
        return files.get(file).shared;
    }

    /** Returns the files that are shared. */
    synchronized int[] shared() {
        return IntStream.range(0, files.size())
                .filter(file -> files.get(file).shared)
                .toArray();
    }

    /**
     * Sets that a file is no longer shared.
     *
     * @return its free places that take space, as {@link #synced} returns them
     */
    synchronized List<Run> unshared(int file) {
        files.get(file).shared = false;
        return takeSpare(file);
    }

    /** Returns the free places of a file that take space, as {@link #synced} returns them. */
    synchronized List<Run> spare(int file) {
        return files.get(file).takable() > 0 ? takeSpare(file) : List.of();
    }

    private List<Run> takeSpare(int file) {
        FileSpace space = files.get(file);
        BitSet found = (BitSet) space.allocated.clone();
        found.andNot(space.used);
        long[] places =
                found.stream().mapToLong(position -> place(file, position)).toArray();
        List<Run> runs = runs(places);
        runs.forEach(this::take);
        return runs;
    }

    /** Returns the number of files. */
    synchronized int files() {
        return files.size();
    }

    /** Returns the number of places that are used, or wait for a sync. */
    synchronized long usedCount() {
        return usedCount;
    }

    /** Returns whether a file has a place that is used, or waits for a sync. */
    synchronized boolean isUsed(int file) {
        return files.get(file).free < FILE_PLACES;
    }

    /** Returns whether the space of some places will be given back by the next sync. */
    synchronized boolean hasTrimmed() {
        return waiting.trimmedCount > 0;
    }

    /** Returns the number of places that wait for a sync. */
    synchronized int waitingCount() {
        return waiting.count;
    }
}
