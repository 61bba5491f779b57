package org.kiobd.store.rocksdb.data;

import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.kiobd.store.StallWatch;
import org.kiobd.store.file.SystemErrors;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The thread that keeps the map and the places of a member: it puts changes of the map into the database before the log becomes long, syncs
 * when many places wait for that, gives space back to the disk, and notices when a snapshot is gone. Thread-safe.
 */
public final class Keeper {
    private static final Logger LOG = LoggerFactory.getLogger(Keeper.class);

    private static final long LONG_LOG_BYTES = 8L << 20;

    /** Bytes of data in the log that are too many for any member; fewer are for one that stores little. */
    private static final long MOST_DATA_BYTES = 32L << 20;

    private static final long FEW_DATA_BYTES = 4L << 20;
    private static final int PART_OF_STORED = 16;

    private static final int LOOK_MS = 1_000;

    /** Bytes between two looks up to which a member counts as idle if much of it waits for a sync. Other members are idle if nothing is written. */
    private static final long IDLE_BYTES = 8L << 20;

    private static final int AGAIN_MS = 1_000;

    private final DataFiles files;
    private final FreePlaces places;
    private final @Nullable MapLog log;
    private final BlockMap map;
    private final int blockBytes;
    private final ScheduledExecutorService thread =
            Executors.newSingleThreadScheduledExecutor(new DefaultThreadFactory("kiobd-rocksdb-map", true));
    private final SpareSpace spare;
    private final WaitingLimit waiting;
    private final AtomicBoolean checkpointDue = new AtomicBoolean();
    private final AtomicBoolean syncDue = new AtomicBoolean();

    /** Held while the log and the database belong together: during a checkpoint, and while a copy is made. */
    private final Semaphore checkpoints = new Semaphore(1);

    private final AtomicBoolean wholeSyncDue = new AtomicBoolean();
    private final StallWatch waits = new StallWatch();
    private volatile @Nullable IOException failure;
    private volatile boolean started;
    private long takenBefore;
    private Sync sync = () -> IoError.IO.code();
    /** Whether the space of all spare places is being given back. */
    private boolean givesAllBack;

    /** Makes the writes before durable, while no other sync runs. */
    @FunctionalInterface
    public interface Sync {
        /** Returns 0, or the failure. */
        int now();
    }

    Keeper(DataOpening.Parts parts) {
        this.files = parts.files();
        this.places = parts.places();
        this.log = parts.log();
        this.map = parts.map();
        this.blockBytes = parts.setup().blockBytes();
        this.spare = new SpareSpace(parts);
        this.waiting = new WaitingLimit(parts);
    }

    void prepare(Sync newSync) {
        sync = newSync;
    }

    @SuppressWarnings("FutureReturnValueIgnored") // look() logs its outcome
    void start() {
        started = true;
        thread.scheduleWithFixedDelay(this::look, LOOK_MS, LOOK_MS, TimeUnit.MILLISECONDS);
    }

    /** Syncs on the calling thread; returns whether that succeeded. */
    boolean sync() {
        return sync.now() == 0;
    }

    /** Syncs on the calling thread, the data files included; returns whether that succeeded. */
    boolean syncWhole() {
        nextSyncIsWhole();
        return sync();
    }

    /** Lets the next sync that begins sync the data files, however little was written to them. */
    void nextSyncIsWhole() {
        wholeSyncDue.set(true);
    }

    /** Returns whether the sync that begins now must sync the data files, and forgets it. */
    boolean takeWholeSyncDue() {
        // Until a checkpoint begins a new log, no more data may be added.
        return wholeSyncDue.getAndSet(false) || (log != null && log.dataBytes() >= MOST_DATA_BYTES);
    }

    /** Called after each change, and after each sync. */
    void changed() {
        MapLog records = log;
        if (records == null) {
            return;
        }
        try {
            wake(records);
        } catch (RejectedExecutionException e) {
            LOG.debug("{} is being closed", folder());
        }
    }

    private void wake(MapLog records) {
        if ((map.changedCount() >= BlockMap.MANY_CHANGED || isLong(records))
                && failure == null
                && checkpointDue.compareAndSet(false, true)) {
            thread.execute(this::checkpointIfDue);
        }
        if (waiting.isMany() && syncDue.compareAndSet(false, true)) {
            thread.execute(this::syncIfDue);
        }
    }

    private boolean isLong(MapLog records) {
        long data = records.dataBytes();
        return records.bytes() - data >= LONG_LOG_BYTES
                || data >= MOST_DATA_BYTES
                || (data >= FEW_DATA_BYTES && data >= places.usedCount() * blockBytes / PART_OF_STORED);
    }

    private void syncIfDue() {
        syncDue.set(false);
        if (waiting.isMany() && !sync()) {
            failure = new BlockIoException(IoError.IO, "the data could not be synced");
        }
        tellWaiters();
    }

    private void checkpointIfDue() {
        checkpointDue.set(false);
        if (checkpoints.tryAcquire()) {
            try {
                checkpoint();
            } catch (IOException e) {
                LOG.warn("{}: the map stays in the log: {}", folder(), e.getMessage());
            } finally {
                checkpoints.release();
            }
        }
        tellWaiters();
    }

    private void checkpoint() throws IOException {
        try {
            if (map.checkpointBegins()) {
                if (!syncWhole()) {
                    throw new BlockIoException(IoError.IO, "the data could not be synced");
                }
                map.checkpoint();
            }
            failure = null;
        } catch (IOException e) {
            failure = e;
            throw e;
        }
    }

    private synchronized void tellWaiters() {
        notifyAll();
    }

    /** Returns whether {@link #awaitRoom} would not wait. */
    boolean hasRoom() {
        return map.changedCount() < BlockMap.MOST_CHANGED && !waiting.isTooMuch();
    }

    /** Waits while so much has changed that memory or the disk would become short. */
    void awaitRoom() throws IOException {
        if (hasRoom()) {
            return;
        }
        refuseAfterFailure();
        waits.began(
                map.changedCount() >= BlockMap.MOST_CHANGED
                        ? "changes of the map that are not in the database"
                        : "overwritten data that are not synced");
        try {
            synchronized (this) {
                while (!hasRoom()) {
                    refuseAfterFailure();
                    changed();
                    wait(AGAIN_MS);
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new BlockIoException(IoError.IO, "interrupted while the map is put into the database", e);
        } finally {
            waits.ended();
        }
    }

    private void refuseAfterFailure() throws BlockIoException {
        IOException because = failure;
        if (because != null) {
            throw new BlockIoException(
                    SystemErrors.toIoError(because),
                    "the map cannot be put into the database: " + because.getMessage(),
                    because);
        }
    }

    StallWatch waits() {
        return waits;
    }

    /** Every second: tries again what failed, gives space back, and looks whether snapshots are gone. */
    private void look() {
        try {
            if (failure != null || map.changedCount() >= BlockMap.MANY_CHANGED) {
                checkpointIfDue();
            }
            // A client that trims wants the space, also that of blocks that it has overwritten.
            givesAllBack |= places.hasTrimmed() && sync();
            givesAllBack = givesAllBack && !spare.giveAllBack();
            long taken = places.takenCount();
            boolean changed = taken != takenBefore;
            if (!changed || ((taken - takenBefore) * blockBytes <= IDLE_BYTES && waiting.isSome())) {
                giveBack();
            }
            takenBefore = taken;
            lookAtShared();
            if (changed) {
                waiting.look();
            }
        } catch (IOException | RuntimeException e) {
            LOG.warn("{}: {}", folder(), e.toString());
        }
    }

    private void giveBack() {
        if (spare.isMuch() && (places.waitingCount() == 0 || sync())) {
            spare.giveBack();
        }
    }

    private void giveBackAtEnd() {
        try {
            giveBack();
        } catch (RuntimeException e) {
            LOG.warn("{}: {}", folder(), e.toString());
        }
    }

    private void lookAtShared() throws IOException {
        for (int file : places.shared()) {
            if (checkpoints.tryAcquire()) {
                try {
                    if (!files.isShared(file)) {
                        spare.punch(places.unshared(file));
                    }
                } finally {
                    checkpoints.release();
                }
            }
        }
    }

    /** Gives the space of places back to the disk, later; before {@link #start}, now. */
    void punch(List<FreePlaces.Run> runs) {
        if (runs.isEmpty()) {
            return;
        }
        if (!started) {
            spare.punch(runs);
            return;
        }
        try {
            thread.execute(() -> spare.punch(runs));
        } catch (RejectedExecutionException e) {
            // The member is being closed.
            spare.punch(runs);
        }
    }

    void giveSpareBack() {
        spare.giveAllBack();
    }

    /** Marks all files as shared with a copy; nothing in them is changed from now on. */
    void share() {
        spare.share();
    }

    /** Puts all changes into the database, and gives the space of cleared blocks back; waits for both. */
    void checkpointNow() throws IOException {
        copyBegins();
        checkpoints.release();
        try {
            thread.submit(() -> {}).get();
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Puts all changes into the database, and does so no more until {@link #copyEnds}. Changes that are too many wait meanwhile. */
    void copyBegins() throws IOException {
        checkpoints.acquireUninterruptibly();
        boolean begun = false;
        try {
            if (log != null) {
                checkpoint();
            }
            begun = true;
        } finally {
            if (!begun) {
                checkpoints.release();
            }
        }
    }

    /** Ends what {@link #copyBegins} began. */
    void copyEnds() {
        checkpoints.release();
        if (log != null) {
            changed();
        }
        tellWaiters();
    }

    Path folder() {
        return Objects.requireNonNull(files.path(0).getParent());
    }

    /**
     * Gives space back for a moment and ends the thread; what it has not done is done after the next opening. Returns false if it has not ended
     * after {@code timeoutS} seconds.
     */
    boolean stop(int timeoutS) {
        if (started && !thread.isShutdown()) {
            thread.execute(this::giveBackAtEnd);
        }
        spare.endSoon();
        thread.shutdown();
        boolean ended = false;
        try {
            ended = thread.awaitTermination(timeoutS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        spare.end();
        return ended;
    }
}
