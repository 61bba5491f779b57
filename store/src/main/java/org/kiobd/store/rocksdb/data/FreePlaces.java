package org.kiobd.store.rocksdb.data;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The places in data files that hold no block. A place is a number: the number of its file and, in the lower {@value #FILE_SHIFT} bits, its
 * position in the file. Takes places in ascending order and begins again at the first one, so that what is written together is adjacent.
 * Places that take space already are taken before others, unless they are scattered and fewer than those that are used.
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

    /** Number of places that take space already, in all files, from which on they are taken first, if enough of them are adjacent. */
    private static final int MANY_SPARE = 4096;

    /** By how much the number of those places must change before scattered ones are looked at again. */
    private static final int FEW_SPARE = 1024;

    /** Number of adjacent places that are enough for one call. */
    private static final int LONG_RUN = 16;

    private final List<FileSpace> files = new ArrayList<>();
    private final WaitingPlaces waiting = new WaitingPlaces();
    private long cursor;
    private long spareCursor;
    private long usedCount;
    private long spareCount;
    /** Places that can be taken. */
    private long freeCount;
    /** {@link #spareCount} when those places were last found to be scattered. */
    private long inPiecesCount;

    private long takenCount;
    private volatile boolean isScattered;

    /** Adjacent places. */
    record Run(long first, int count) {}

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
        int most = Math.min(wanted, FILE_PLACES);
        int enough = Math.min(most, LONG_RUN);
        boolean mayGrow = spareCount + waiting.count() < heldCount();
        boolean looks = spareCount >= MANY_SPARE && (!mayGrow || Math.abs(spareCount - inPiecesCount) >= FEW_SPARE);
        Run found = looks ? find(most, true) : null;
        if (found != null && (found.count >= enough || !mayGrow)) {
            spareCursor = found.first + found.count;
        } else {
            inPiecesCount = looks ? spareCount : inPiecesCount;
            found = find(most, false);
            if (found == null || (found.count < enough && mayGrow && hasFewFree())) {
                addFile();
                found = new Run(place(files.size() - 1, 0), most);
            }
            cursor = found.first + found.count;
        }
        isScattered |= found.count < enough;
        take(found);
        takenCount += found.count;
        return found;
    }

    /** Returns whether little more places are free than are used, so that a file may be added though some are free. */
    private boolean hasFewFree() {
        return freeCount < usedCount + FILE_PLACES;
    }

    /** Leaves a file out of the counts, before a change of it. */
    private FileSpace uncount(FileSpace space) {
        spareCount -= space.spareCount();
        freeCount -= space.freeCount();
        return space;
    }

    /** Counts a file again, after the change. */
    private void count(FileSpace space) {
        spareCount += space.spareCount();
        freeCount += space.freeCount();
    }

    private void addFile() {
        FileSpace space = new FileSpace();
        files.add(space);
        count(space);
    }

    private void take(Run run) {
        FileSpace space = uncount(files.get(file(run.first)));
        space.take(position(run.first), run.count);
        count(space);
        usedCount += run.count;
    }

    /** Returns the first free run from the cursor on that is long enough, or the longest of those looked at; null if none is free. */
    private @Nullable Run find(int wanted, boolean isSpare) {
        Run longest = null;
        int probes = 0;
        long after = isSpare ? spareCursor : cursor;
        int start = file(after);
        for (int i = 0; i <= files.size() && probes < MOST_PROBES; i++) {
            int file = files.isEmpty() ? 0 : (start + i) % files.size();
            if (files.isEmpty()
                    || !files.get(file).isTakable()
                    || (isSpare && files.get(file).spareCount() == 0)) {
                continue;
            }
            FileSpace space = files.get(file);
            int from = i == 0 && start < files.size() ? position(after) : 0;
            int end = i == files.size() ? position(after) : FILE_PLACES;
            for (int at = space.nextFree(from, isSpare); at < end && probes < MOST_PROBES; probes++) {
                int next = space.freeEnd(at, wanted, isSpare);
                int count = next - at;
                if (longest == null || count > longest.count) {
                    longest = new Run(place(file, at), count);
                }
                if (count == wanted) {
                    return longest;
                }
                at = space.nextFree(next, isSpare);
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
        for (int file = 0; file < files.size() && spareCount > 0; file++) {
            FileSpace space = files.get(file);
            if (space.spareCount() > 0) {
                int first = space.nextFree(0, true);
                Run run = new Run(place(file, first), space.freeEnd(first, wanted, true) - first);
                take(run);
                takenCount += run.count;
                return run;
            }
        }
        return null;
    }

    /** Returns places that were taken and that no change has used. */
    synchronized void giveBack(Run run) {
        free(run.first, run.count);
    }

    private void free(long first, int count) {
        free(first, count, false);
    }

    private void free(long first, int count, boolean punched) {
        FileSpace space = uncount(files.get(file(first)));
        int position = position(first);
        boolean wasUsed = punched ? space.freePunched(position, count) : space.free(position, count);
        count(space);
        if (!wasUsed) {
            throw new IllegalStateException("a place is free already: first=" + first + " count=" + count);
        }
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
        int i = 0;
        while (i < count) {
            int run = trimmed ? 0 : youngRun(freed, i, count);
            if (run > 0) {
                free(freed[i], run);
            } else if (!files.get(file(freed[i])).isSealed()) {
                waiting.add(freed[i], sequence, trimmed);
            }
            i += Math.max(1, run);
        }
    }

    /** Returns the number of adjacent places from {@code from} on that can be taken again at once. */
    private int youngRun(long[] places, int from, int end) {
        int file = file(places[from]);
        FileSpace space = files.get(file);
        if (space.isShared() || space.isSealed()) {
            return 0;
        }
        int at = from;
        while (at < end
                && places[at] == places[from] + (at - from)
                && file(places[at]) == file
                && space.isYoung(position(places[at]))) {
            at++;
        }
        return at - from;
    }

    /** Frees places like {@link #freed}, of a change whose record could not be written yet. */
    synchronized void freedLater(long[] freed, int count, long sequence) {
        for (int i = 0; i < count; i++) {
            if (!files.get(file(freed[i])).isSealed()) {
                waiting.add(freed[i], sequence, false);
            }
        }
    }

    /** Notes that a sync begins: what was taken up to now may be a part of the map that it makes durable. */
    synchronized void syncBegins() {
        files.forEach(FileSpace::syncBegins);
    }

    /**
     * Frees the places that changes up to {@code sequence} have freed, because a sync has covered these changes.
     *
     * @return the places whose space is to be given back to the disk, in runs; the caller punches them out and then calls {@link #punched}
     */
    synchronized List<Run> synced(long sequence) {
        isScattered = false;
        long[] trimmed = new long[waiting.trimmedCount()];
        int[] trims = {0};
        waiting.remove(sequence, (place, isTrimmed) -> {
            if (isTrimmed && !files.get(file(place)).isShared()) {
                trimmed[trims[0]++] = place;
            } else {
                free(place, 1);
            }
        });
        return PlaceRuns.of(Arrays.copyOf(trimmed, trims[0]));
    }

    /**
     * Frees places that {@link #synced}, {@link #unshared} or {@link #spare} has returned.
     *
     * @param done whether their space was given back
     */
    synchronized void punched(Run run, boolean done) {
        free(run.first, run.count, done);
    }

    /** Notes that {@code count} places of a file from {@code from} on may take space, while the map is loaded. */
    synchronized void mayBeAllocated(int file, int from, int count) {
        FileSpace space = uncount(files.get(file));
        space.mayBeAllocated(from, count);
        count(space);
    }

    /** Marks a place as used, while the map is loaded; returns false if it is used already. */
    synchronized boolean markUsed(long place) {
        addFiles(file(place) + 1);
        FileSpace space = uncount(files.get(file(place)));
        boolean wasFree = space.markUsed(position(place));
        count(space);
        usedCount += wasFree ? 1 : 0;
        return wasFree;
    }

    /** Adds files so that there are {@code count}. */
    synchronized void addFiles(int count) {
        while (files.size() < count) {
            addFile();
        }
    }

    /** Sets that a file is shared with a snapshot, so that nothing in it may be overwritten. */
    synchronized void share(int file) {
        FileSpace space = uncount(files.get(file));
        space.share(true);
        count(space);
    }

    /** Sets for all files that it is unknown which places are used: nothing in them may be overwritten, ever. */
    synchronized void seal() {
        files.forEach(space -> {
            uncount(space).seal();
            count(space);
        });
    }

    synchronized boolean isShared(int file) {
        return files.get(file).isShared();
    }

    /** Returns the files that are shared. */
    synchronized int[] shared() {
        return IntStream.range(0, files.size()).filter(this::isShared).toArray();
    }

    /**
     * Sets that a file is no longer shared.
     *
     * @return its free places that take space, as {@link #synced} returns them
     */
    synchronized List<Run> unshared(int file) {
        FileSpace space = uncount(files.get(file));
        space.share(false);
        count(space);
        return spare(file, Integer.MAX_VALUE);
    }

    /** Returns at most {@code most} of the free places of a file that take space, as {@link #synced} returns them. */
    synchronized List<Run> spare(int file, int most) {
        FileSpace space = files.get(file);
        List<Run> runs = new ArrayList<>();
        int left = Math.min(most, space.spareCount());
        int at = 0;
        while (left > 0) {
            at = space.nextFree(at, true);
            Run run = new Run(place(file, at), space.freeEnd(at, left, true) - at);
            take(run);
            runs.add(run);
            left -= run.count;
            at += run.count;
        }
        return runs;
    }

    /** Returns the number of places that can be taken and take space on the disk already. */
    synchronized long spareCount() {
        return spareCount;
    }

    /** Returns whether places that were taken together since the last sync were not adjacent, which a sync may change. Does not block. */
    boolean isScattered() {
        return isScattered;
    }

    /** Returns how often a place was taken for a block. */
    synchronized long takenCount() {
        return takenCount;
    }

    /** Returns the number of files. */
    synchronized int files() {
        return files.size();
    }

    /** Returns the number of places that are used and do not wait for a sync. */
    synchronized long heldCount() {
        return usedCount - waiting.count();
    }

    /** Returns the number of places that are used, or wait for a sync. */
    synchronized long usedCount() {
        return usedCount;
    }

    /** Returns whether a file has a place that is used, or waits for a sync. */
    synchronized boolean isUsed(int file) {
        return files.get(file).isUsed();
    }

    /** Returns whether the space of some places will be given back by the next sync. */
    synchronized boolean hasTrimmed() {
        return waiting.trimmedCount() > 0;
    }

    /** Returns the number of places that wait for a sync. */
    synchronized int waitingCount() {
        return waiting.count();
    }
}
