package org.kiobd.store.rocksdb;

import io.netty.util.concurrent.DefaultThreadFactory;
import java.util.Objects;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import org.kiobd.store.MemberUri;
import org.kiobd.volume.BlockIoException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives the space of cleared blocks back to the disk: compacts the database, on a thread of its own, once a good part of it was cleared.
 * Owns the thread; {@link #stop} and {@link #awaitEnd} end it, before the database is closed. Thread-safe.
 */
final class RocksReclaim {
    private static final Logger LOG = LoggerFactory.getLogger(RocksReclaim.class);

    /**
     * Minimum number of cleared bytes for a compaction; they must also be at least one part in {@link #RECLAIM_PART} of the allocated
     * bytes. Less is not worth rewriting the rest.
     */
    private static final long RECLAIM_BYTES = 8L << 20;

    private static final int RECLAIM_PART = 4;

    /** Minimum number of cleared bytes for a compaction while the reserve is missing, i.e. on a full disk. */
    private static final long LEAST_RECLAIM_BYTES = 1L << 20;

    /** Delay of a compaction, because a client that trims usually sends more TRIMs. */
    private static final int RECLAIM_DELAY_MS = 2_000;

    private final MemberUri uri;
    private final RocksDatabase database;
    private final BlockExtents extents;
    private final RocksReserve reserve;
    private @Nullable RocksSpace space;
    private final ScheduledExecutorService thread =
            Executors.newSingleThreadScheduledExecutor(new DefaultThreadFactory("kiobd-rocksdb-reclaim", true));
    private final AtomicBoolean reclaiming = new AtomicBoolean();
    private final LongAdder clearedBytes = new LongAdder();

    /** Borrows all parts. */
    RocksReclaim(MemberUri uri, RocksDatabase database, BlockExtents extents, RocksReserve reserve) {
        this.uri = uri;
        this.database = database;
        this.extents = extents;
        this.reserve = reserve;
    }

    /** Sets what makes the reserve again; called once, before the first TRIM. */
    void space(RocksSpace newSpace) {
        this.space = newSpace;
    }

    /**
     * Counts {@code moreBytes} cleared bytes. Once they are a good part of the allocated bytes, schedules a compaction that gives the
     * space back. A compaction rewrites the rest of the data, so smaller amounts are left to RocksDB's own compaction.
     */
    @SuppressWarnings("FutureReturnValueIgnored") // reclaim() logs its outcome
    void cleared(long moreBytes) {
        clearedBytes.add(moreBytes);
        boolean worth = clearedBytes.sum() >= (reserve.isMissing() ? LEAST_RECLAIM_BYTES : RECLAIM_BYTES);
        if (worth && reclaiming.compareAndSet(false, true)) {
            thread.schedule(this::reclaim, RECLAIM_DELAY_MS, TimeUnit.MILLISECONDS);
        }
    }

    private void reclaim() {
        // From here on, another cleared range schedules another run.
        reclaiming.set(false);
        try {
            long startNanos = System.nanoTime();
            long beforeBytes = database.allocatedBytes();
            boolean hasSpace = !reserve.isMissing();
            if (hasSpace && clearedBytes.sum() < beforeBytes / RECLAIM_PART) {
                return;
            }
            if (!hasSpace && !reserve.fits(extents.unwrittenBytes() + LEAST_RECLAIM_BYTES)) {
                // A compaction that runs out of space would stop TRIM, too, and only TRIM can free space.
                LOG.info("member={}: gives back what was trimmed when more is: what is in memory does not fit", uri);
                return;
            }
            clearedBytes.reset();
            if (!hasSpace || !reserve.fits(beforeBytes)) {
                // Begin with the compaction that needs little space.
                database.upkeep().compactFrugally();
            }
            if (hasSpace) {
                database.upkeep().compact();
            } else {
                Objects.requireNonNull(space).makeReserve();
            }
            LOG.info(
                    "member={}: gave back what was trimmed: bytes={} of {} in {} ms",
                    uri,
                    Math.max(0, beforeBytes - database.allocatedBytes()),
                    beforeBytes,
                    TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startNanos));
        } catch (BlockIoException e) {
            LOG.info("member={}: gives back what was trimmed later: {}", uri, e.getMessage());
        }
    }

    /** Starts no further compaction. */
    void stop() {
        thread.shutdownNow();
    }

    /** Cancels a compaction under way, and waits for its end; returns false if it has not ended after {@code timeoutS} seconds. */
    boolean awaitEnd(int timeoutS) throws InterruptedException {
        if (!thread.isTerminated()) {
            database.db().cancelAllBackgroundWork(false);
        }
        return thread.awaitTermination(timeoutS, TimeUnit.SECONDS);
    }
}
