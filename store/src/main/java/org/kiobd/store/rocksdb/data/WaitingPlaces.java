package org.kiobd.store.rocksdb.data;

import java.util.Arrays;

/** Places that changes have freed, and that wait for a sync. Guarded by its {@link FreePlaces}. */
final class WaitingPlaces {
    private static final int FIRST_PLACES = 1024;
    private static final long TRIMMED = 1L << 62;

    private long[] places = new long[FIRST_PLACES];
    private long[] sequences = new long[FIRST_PLACES];
    private int count;
    private int trimmedCount;

    /** Receives a place that waits no longer. */
    @FunctionalInterface
    interface Receiver {
        /** @param trimmed whether its space is to be given back to the disk */
        void place(long place, boolean trimmed);
    }

    /**
     * Adds a place.
     *
     * @param sequence sequence number of the change that has freed it
     * @param trimmed whether its space is to be given back to the disk
     */
    void add(long place, long sequence, boolean trimmed) {
        if (count == places.length) {
            places = Arrays.copyOf(places, 2 * count);
            sequences = Arrays.copyOf(sequences, 2 * count);
        }
        places[count] = trimmed ? place | TRIMMED : place;
        sequences[count++] = sequence;
        trimmedCount += trimmed ? 1 : 0;
    }

    /** Removes the places that changes up to {@code sequence} have freed. */
    void remove(long sequence, Receiver receiver) {
        int kept = 0;
        for (int i = 0; i < count; i++) {
            if (sequences[i] > sequence) {
                places[kept] = places[i];
                sequences[kept++] = sequences[i];
            } else {
                boolean trimmed = (places[i] & TRIMMED) != 0;
                trimmedCount -= trimmed ? 1 : 0;
                receiver.place(places[i] & ~TRIMMED, trimmed);
            }
        }
        count = kept;
    }

    int count() {
        return count;
    }

    /** Returns the number of those places whose space is to be given back. */
    int trimmedCount() {
        return trimmedCount;
    }
}
