package org.kiobd.store.rocksdb.data;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeUnit;
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
    private static final long LONGEST_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long LAST_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

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

    /** Gives space back until few places are spare, for at most a second. */
    void giveBack() {
        giveBack(mostSpare());
    }

    /** Gives the space of all spare places back, for at most a second; returns false if that was too short. */
    boolean giveAllBack() {
        return giveBack(0);
    }

    private boolean giveBack(long most) {
        long untilNanos = System.nanoTime() + LONGEST_NANOS;
        for (int file = places.files() - 1; file >= 0 && !cannotPunch; file--) {
            boolean goesOn = true;
            while (goesOn && places.spareCount() > most) {
                if (System.nanoTime() - untilNanos > 0) {
                    return false;
                }
                List<FreePlaces.Run> runs = places.spare(file, (int) Math.min(AT_ONCE, places.spareCount() - most));
                goesOn = !runs.isEmpty() && punch(runs);
            }
        }
        return true;
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
        boolean isLate = ends && System.nanoTime() - endNanos >= 0;
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

    /** Gives nothing back any more, but for a moment. */
    void endSoon() {
        endNanos = System.nanoTime() + LAST_NANOS;
        ends = true;
    }

    /** Gives nothing back any more. */
    void end() {
        endNanos = System.nanoTime();
        ends = true;
    }
}
