package org.kiobd.store.rocksdb.data;

import java.io.IOException;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives space of data files back to the disk: that of cleared blocks soon, that of overwritten blocks when little is written, because until
 * then other blocks take their places. Thread-safe; calls block.
 */
final class SpareSpace {
    private static final Logger LOG = LoggerFactory.getLogger(SpareSpace.class);

    /** The part of the used places that may be spare while little is written. */
    private static final int PART_OF_USED = 10;

    private static final long FEW_BYTES = 1L << 20;
    private static final int AT_ONCE = 4096;

    private final DataFiles files;
    private final FreePlaces places;

    /** Held while a place is given back, so that none is that a copy has begun to share. */
    private final Object punching = new Object();

    /** When the work must be over, as {@link System#nanoTime}; counts if {@link #ends}. */
    private volatile long endNanos;

    private volatile boolean ends;

    /** Whether the file system has no holes. */
    private volatile boolean cannotPunch;

    /** Whether the last try failed, which was logged. */
    private volatile boolean failed;

    SpareSpace(DataOpening.Parts parts) {
        this.files = parts.files();
        this.places = parts.places();
    }

    /** Returns whether so many places are spare, or wait for a sync to be, that {@link #giveBack} is worth its cost. */
    boolean isMuch() {
        return !cannotPunch && places.waitingCount() + places.spareCount() > 2 * mostSpare();
    }

    private long mostSpare() {
        return places.heldCount() / PART_OF_USED + FEW_BYTES / files.blockBytes();
    }

    /**
     * Gives space back until few places are spare.
     *
     * @param untilNanos when to stop, as {@link System#nanoTime}
     */
    void giveBack(long untilNanos) {
        long most = mostSpare();
        for (int file = places.files() - 1; file >= 0; file--) {
            boolean goesOn = true;
            while (goesOn && places.spareCount() > most && System.nanoTime() - untilNanos < 0) {
                List<FreePlaces.Run> runs = places.spare(file, (int) Math.min(AT_ONCE, places.spareCount() - most));
                goesOn = !runs.isEmpty() && punch(runs);
            }
        }
    }

    /** Gives the space of all spare places back. */
    void giveAllBack() {
        for (int file = 0; file < places.files(); file++) {
            punch(places.spare(file, Integer.MAX_VALUE));
        }
    }

    /** Gives the space of places back that {@link FreePlaces} has returned for that; returns whether all of it was. */
    boolean punch(List<FreePlaces.Run> runs) {
        boolean all = true;
        for (FreePlaces.Run run : runs) {
            synchronized (punching) {
                boolean done = all && mayPunch(run) && punch(run);
                places.punched(run, done);
                all = done;
            }
        }
        return all;
    }

    private boolean mayPunch(FreePlaces.Run run) {
        boolean isLate = ends && System.nanoTime() - endNanos > 0;
        return !isLate && !cannotPunch && !places.isShared(FreePlaces.file(run.first()));
    }

    private boolean punch(FreePlaces.Run run) {
        try {
            cannotPunch = !files.punch(run.first(), run.count());
            failed = false;
            return !cannotPunch;
        } catch (IOException e) {
            if (!failed) {
                failed = true;
                LOG.warn(
                        "{}: the space of blocks that are no longer stored stays taken for now: {}",
                        files.path(0).getParent(),
                        e.getMessage());
            }
            return false;
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

    /** Gives nothing back after {@code nanos} from now. */
    void endAfter(long nanos) {
        endNanos = System.nanoTime() + nanos;
        ends = true;
    }
}
