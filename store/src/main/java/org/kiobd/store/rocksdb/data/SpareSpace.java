package org.kiobd.store.rocksdb.data;

import java.io.IOException;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives space of data files back to the disk: that of cleared blocks soon, that of overwritten blocks when little is written, because
 * the next blocks take their places. Thread-safe; calls block.
 */
final class SpareSpace {
    private static final Logger LOG = LoggerFactory.getLogger(SpareSpace.class);

    /** The part of the used places that may be spare while little is written. */
    private static final int PART_OF_USED = 8;

    private static final long FEW_BYTES = 1L << 20;

    private final DataFiles files;
    private final FreePlaces places;

    /** Held while a place is given back, so that none is that a copy has begun to share. */
    private final Object punching = new Object();

    private volatile boolean ended;

    SpareSpace(DataOpening.Parts parts) {
        this.files = parts.files();
        this.places = parts.places();
    }

    /** Returns the number of places that overwriting has left, waiting for a sync or spare, and that are too many while little is written. */
    long tooMany() {
        return Math.max(0, places.waitingCount() + places.spareCount() - mostSpare());
    }

    private long mostSpare() {
        return places.heldCount() / PART_OF_USED + FEW_BYTES / files.blockBytes();
    }

    /**
     * Gives the spare places that are too many back.
     *
     * @param endNanos when to stop, as {@link System#nanoTime}
     */
    void giveBack(long endNanos) {
        long most = mostSpare();
        for (int file = places.files() - 1; file >= 0 && places.spareCount() > most; file--) {
            long left = places.spareCount() - most;
            while (left > 0 && System.nanoTime() < endNanos) {
                List<FreePlaces.Run> runs =
                        places.spare(file, (int) Math.min(left, FreePlaces.FILE_PLACES / PART_OF_USED));
                if (runs.isEmpty()) {
                    break;
                }
                punch(runs);
                left = places.spareCount() - most;
            }
        }
    }

    /** Gives all spare places back. */
    void giveAllBack() {
        for (int file = 0; file < places.files(); file++) {
            punch(places.spare(file, Integer.MAX_VALUE));
        }
    }

    /** Gives the space of places back that {@link FreePlaces} has returned for that. */
    void punch(List<FreePlaces.Run> runs) {
        for (FreePlaces.Run run : runs) {
            synchronized (punching) {
                boolean done = false;
                try {
                    if (!ended && !places.isShared(FreePlaces.file(run.first()))) {
                        files.punch(run.first(), run.count());
                        done = true;
                    }
                } catch (IOException e) {
                    LOG.warn(
                            "{}: the space of blocks that are no longer stored stays taken: {}",
                            files.path(0).getParent(),
                            e.getMessage());
                }
                places.punched(run, done);
            }
        }
    }

    /** Marks all files as shared with a copy; nothing in them is changed from now on. */
    void share() {
        synchronized (punching) {
            for (int file = 0; file < places.files(); file++) {
                places.share(file);
            }
        }
    }

    /** Gives nothing back any more. */
    void end() {
        ended = true;
    }
}
