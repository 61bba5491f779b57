package org.kiobd.store.rocksdb.data;

import java.util.BitSet;

/** Which places of one data file are used. Positions count from 0. Guarded by its {@link FreePlaces}. */
final class FileSpace {
    private static final int PLACES = FreePlaces.FILE_PLACES;

    /** In ranges of at most this size, bits are looked at one by one: a {@link BitSet} has no search that ends at a limit. */
    private static final int FEW = 256;

    /** All places; shared by the files of which all are used, because many files of a large member are full. */
    private static final BitSet ALL = new BitSet(PLACES);

    static {
        ALL.set(0, PLACES);
    }

    private BitSet used = new BitSet();
    /** Places that may take space on the disk, the used ones among them; others were never written, or were punched out. */
    private BitSet allocated = new BitSet();
    /** Places taken since the last sync began. */
    private BitSet young = new BitSet();

    private int free = PLACES;
    private int spare;
    private boolean shared;
    /** Whether it is unknown which places are used, so that none is ever taken or freed. */
    private boolean sealed;

    /** Returns whether a place can be taken. */
    boolean isTakable() {
        return freeCount() > 0;
    }

    /** Returns the number of places that can be taken and take space already. */
    int spareCount() {
        return shared || sealed ? 0 : spare;
    }

    /** Returns the number of places that can be taken. */
    int freeCount() {
        return shared || sealed ? 0 : free;
    }

    boolean isUsed() {
        return free < PLACES;
    }

    boolean isShared() {
        return shared;
    }

    void share(boolean now) {
        shared = now;
    }

    boolean isSealed() {
        return sealed;
    }

    void seal() {
        sealed = true;
    }

    /**
     * Returns the first position from {@code from} on that is free.
     *
     * @param isSpare whether it must take space already
     * @return {@link FreePlaces#FILE_PLACES} or more if there is none
     */
    int nextFree(int from, boolean isSpare) {
        int at = used.nextClearBit(from);
        while (isSpare && at < PLACES && !allocated.get(at)) {
            int next = allocated.nextSetBit(at);
            at = next < 0 ? PLACES : used.nextClearBit(next);
        }
        return at;
    }

    /** Returns the position after those like {@code from}, which {@link #nextFree} has returned; at most {@code from + most}. */
    int freeEnd(int from, int most, boolean isSpare) {
        int end = firstSet(used, from, Math.min(PLACES, from + most));
        return isSpare ? firstClear(allocated, from, end) : end;
    }

    void take(int position, int count) {
        int end = position + count;
        used.set(position, end);
        free -= count;
        allocate(position, end);
        spare -= count;
        young.set(position, end);
        shareWhatIsFull();
    }

    /** Marks places as allocated, which counts as many more as spare. */
    private void allocate(int from, int end) {
        int more = end - from - countSet(allocated, from, end);
        if (more > 0) {
            allocated.set(from, end);
            spare += more;
        }
    }

    private void shareWhatIsFull() {
        used = free == 0 ? ALL : used;
        allocated = spare == free ? ALL : allocated;
    }

    @SuppressWarnings("ReferenceEquality") // the shared one, not an equal one
    private static BitSet own(BitSet bits) {
        return bits == ALL ? (BitSet) ALL.clone() : bits;
    }

    /** Returns the first position in {@code [from, end)} whose bit is clear; {@code end} if there is none. */
    private static int firstClear(BitSet bits, int from, int end) {
        if (end - from > FEW) {
            return Math.min(end, bits.nextClearBit(from));
        }
        int at = from;
        while (at < end && bits.get(at)) {
            at++;
        }
        return at;
    }

    /** Returns the first position in {@code [from, end)} whose bit is set; {@code end} if there is none. */
    private static int firstSet(BitSet bits, int from, int end) {
        if (end - from > FEW) {
            int at = bits.nextSetBit(from);
            return at < 0 ? end : Math.min(end, at);
        }
        int at = from;
        while (at < end && !bits.get(at)) {
            at++;
        }
        return at;
    }

    private static int countSet(BitSet bits, int from, int end) {
        int count = 0;
        int at = firstSet(bits, from, end);
        while (at < end) {
            int clear = firstClear(bits, at, end);
            count += clear - at;
            at = firstSet(bits, clear, end);
        }
        return count;
    }

    /** Frees places, all of which are used; returns false, with nothing changed, if one is not. */
    boolean free(int position, int count) {
        if (firstClear(used, position, position + count) < position + count) {
            return false;
        }
        used = own(used);
        used.clear(position, position + count);
        free += count;
        spare += count;
        return true;
    }

    /** Frees used places whose space was given back to the disk; returns false, with nothing changed, if one is free. */
    boolean freePunched(int position, int count) {
        if (!free(position, count)) {
            return false;
        }
        allocated = own(allocated);
        allocated.clear(position, position + count);
        spare -= count;
        return true;
    }

    /** Returns whether the place was taken since the last sync began. */
    boolean isYoung(int position) {
        return young.get(position);
    }

    void syncBegins() {
        if (!young.isEmpty()) {
            young = new BitSet();
        }
    }

    /** Marks a place as used; returns false if it is. */
    boolean markUsed(int position) {
        if (used.get(position)) {
            return false;
        }
        used.set(position);
        free--;
        allocate(position, position + 1);
        spare--;
        shareWhatIsFull();
        return true;
    }

    /** Notes that places may take space. */
    void mayBeAllocated(int from, int count) {
        allocate(from, from + count);
        shareWhatIsFull();
    }
}
