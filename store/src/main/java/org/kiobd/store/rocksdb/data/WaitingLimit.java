package org.kiobd.store.rocksdb.data;

import java.io.IOException;

/**
 * How much of a member's data may have been overwritten and wait for a sync. Each sync costs all writers time, and what waits takes space.
 * Thread-safe; calls do not block unless they say so.
 */
final class WaitingLimit {
    /** Overwritten data of this size are too few for a sync, unless the free places are scattered. */
    private static final long FEW_BYTES = 64L << 20;

    /** The same if the free places are scattered. */
    private static final long LEAST_BYTES = 1L << 20;

    /** Overwritten data of this size let a sync begin in any member. */
    private static final long MANY_BYTES = 512L << 20;

    /** Writes wait if the sync does not keep up, and as many more bytes were overwritten meanwhile. */
    private static final long MORE_BYTES = 512L << 20;

    private static final int PART_OF_DISK = 16;
    private static final int PART_MORE = 8;

    private final FreePlaces places;
    private final DataFiles files;
    private volatile long manyBytes = FEW_BYTES;

    WaitingLimit(DataOpening.Parts parts) {
        this.places = parts.places();
        this.files = parts.files();
    }

    private long bytes() {
        return (long) places.waitingCount() * files.blockBytes();
    }

    private long heldBytes() {
        return places.heldCount() * files.blockBytes();
    }

    /** Returns whether a sync should begin. It frees places, which are needed sooner if those that are free are scattered. */
    boolean isMany() {
        return bytes()
                >= (places.isScattered() ? Math.max(LEAST_BYTES, Math.min(FEW_BYTES, heldBytes() / 2)) : manyBytes);
    }

    /** Returns whether writes should wait for a sync. */
    boolean isTooMuch() {
        return bytes() >= manyBytes + MORE_BYTES;
    }

    /** Returns whether so much waits that a sync is worth its cost while little is written. */
    boolean isSome() {
        return bytes() > FEW_BYTES / 2;
    }

    /** Adapts the limit to what the member stores, and to the space of the disk. Blocks. */
    void look() throws IOException {
        // More than all: when all was overwritten once, no further place needs a sync.
        long most = Math.min(MANY_BYTES, heldBytes() / PART_MORE * (PART_MORE + 1));
        if (most > FEW_BYTES) {
            most = Math.min(most, files.usableBytes() / PART_OF_DISK);
        }
        manyBytes = Math.max(FEW_BYTES, most);
    }
}
