package org.kiobd.store.rocksdb.data;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The places in data files that hold no block. A place is a number: the number of its file and, in the lower {@value #FILE_SHIFT} bits, its
 * position in the file. Takes places in ascending order and begins again at the first one, so that what is written together is adjacent.
 *
 * <p>Places of a file that is shared with a snapshot are neither taken nor freed: the snapshot may need them. Thread-safe.
 */
final class FreePlaces {
    /** Number of bits of a place that are its position in the file. */
    static final int FILE_SHIFT = 16;

    /** Number of places in one data file. */
    static final int FILE_PLACES = 1 << FILE_SHIFT;

    /** Number of free runs that are looked at for one that is long enough. */
    private static final int MOST_PROBES = 32;

    private final List<FileSpace> files = new ArrayList<>();
    private long cursor;
    private long freeCount;

    /** Adjacent places. */
    record Run(long first, int count) {}

    private static final class FileSpace {
        private final BitSet used = new BitSet(FILE_PLACES);
        private int free = FILE_PLACES;
        private boolean shared;

        private int takable() {
            return shared ? 0 : free;
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
            freeCount += FILE_PLACES;
            found = new Run(place(files.size() - 1, 0), Math.min(wanted, FILE_PLACES));
        }
        FileSpace space = files.get(file(found.first));
        space.used.set(position(found.first), position(found.first) + found.count);
        space.free -= found.count;
        freeCount -= found.count;
        cursor = found.first + found.count;
        return found;
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
            int from = i == 0 ? position(cursor) : 0;
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

    /** Frees places that were taken or marked as used. */
    synchronized void free(long first, int count) {
        FileSpace space = files.get(file(first));
        int position = position(first);
        if (space.used.nextClearBit(position) < position + count) {
            throw new IllegalStateException("a place is free already: first=" + first + " count=" + count);
        }
        space.used.clear(position, position + count);
        space.free += count;
        freeCount += count;
    }

    /** Marks places as used, while the map is loaded. */
    synchronized void markUsed(long first, int count) {
        while (files.size() <= file(first)) {
            files.add(new FileSpace());
            freeCount += FILE_PLACES;
        }
        FileSpace space = files.get(file(first));
        int position = position(first);
        int taken = space.used.nextSetBit(position);
        if (taken >= 0 && taken < position + count) {
            throw new IllegalStateException("two blocks have place=" + place(file(first), taken));
        }
        space.used.set(position, position + count);
        space.free -= count;
        freeCount -= count;
    }

    /** Sets whether a file is shared with a snapshot, so that nothing in it may be overwritten. */
    synchronized void shared(int file, boolean isShared) {
        files.get(file).shared = isShared;
    }

    /** Returns the number of files. */
    synchronized int files() {
        return files.size();
    }

    /** Returns the number of places that are free, those of shared files included. */
    synchronized long freeCount() {
        return freeCount;
    }
}
