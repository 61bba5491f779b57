package org.kiobd.store.rocksdb;

import io.netty.util.concurrent.DefaultThreadFactory;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.kiobd.store.CacheMode;
import org.kiobd.store.MemberCapabilities;
import org.kiobd.store.MemberCapability;
import org.kiobd.store.MemberCopy;
import org.kiobd.store.MemberOp;
import org.kiobd.store.MemberPort;
import org.kiobd.store.MemberStore;
import org.kiobd.store.MemberUri;
import org.kiobd.store.OpenOptions;
import org.kiobd.store.StoreFigures;
import org.kiobd.store.SyncRounds;
import org.kiobd.store.file.MemberLock;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.ByteRange;
import org.kiobd.volume.Extent;
import org.kiobd.volume.IoError;
import org.kiobd.volume.loop.IoLoop;
import org.rocksdb.RocksDBException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A member in a RocksDB database. It is thin: only written blocks take space, and blocks of zeros are not stored. Threads: as {@link
 * MemberStore} says.
 */
final class RocksMember implements MemberStore {
    /** Maximum number of concurrent calls to RocksDB for one member; a sync counts as one. */
    static final int THREADS = Math.max(2, Math.min(4, Runtime.getRuntime().availableProcessors()));

    private static final Logger LOG = LoggerFactory.getLogger(RocksMember.class);
    private static final MemberCapabilities CAPABILITIES = MemberCapabilities.of(
            MemberCapability.TRIM,
            MemberCapability.WRITE_ZEROES,
            MemberCapability.FAST_ZERO,
            MemberCapability.EXTENTS,
            MemberCapability.SNAPSHOT,
            MemberCapability.RESIZE,
            MemberCapability.DURABLE_FLUSH);
    private static final int CLOSE_TIMEOUT_S = 60;
    private static final int CLEAR_TIMEOUT_S = 12;
    private static final long CLEAR_PAUSE_NANOS = 50_000_000;

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
    private final Path folder;
    private final MemberLock lock;
    private final RocksDatabase database;
    private final RocksOptions options;
    private final OpenOptions opened;
    private final RocksReserve reserve;
    private final RocksBlocks blocks;
    private final SyncRounds syncRounds;
    private final ExecutorService threads;
    private final ScheduledExecutorService reclaimer =
            Executors.newSingleThreadScheduledExecutor(new DefaultThreadFactory("kiobd-rocksdb-reclaim", true));
    private final AtomicBoolean reclaiming = new AtomicBoolean();
    private final LongAdder clearedBytes = new LongAdder();
    private final LongAdder damagedReads = new LongAdder();
    private volatile long sizeBytes;
    private volatile boolean wantsSpace;
    private boolean closed;

    /** The folder of a member, and the options it was made with. */
    record Place(Path folder, RocksOptions options) {}

    /**
     * Takes the lock and the database.
     *
     * @param place the folder of the member and the options it was made with
     */
    RocksMember(Place place, MemberLock lock, RocksDatabase database, OpenOptions opened) throws BlockIoException {
        this.uri = new MemberUri("rocksdb", place.folder().toString());
        this.folder = place.folder();
        this.lock = lock;
        this.database = database;
        this.opened = opened;
        this.options = place.options();
        this.sizeBytes = database.sizeBytes();
        this.reserve = new RocksReserve(folder);
        this.blocks = new RocksBlocks(database, options.blockBytes(), reserve);
        if (!opened.readOnly()) {
            lookForReserve();
        }
        this.threads = Executors.newFixedThreadPool(THREADS, new DefaultThreadFactory("kiobd-rocksdb", true));
        this.syncRounds = new SyncRounds(threads, this::sync, failure -> failure != IoError.NO_SPACE.code());
    }

    private int sync() {
        if (opened.readOnly()) {
            return 0;
        }
        try {
            blocks.calls().increment();
            if (wantsSpace) {
                // RocksDB recovers by itself when there is space, but never after a sync of a log that could not grow.
                database.tryWrite();
                written();
            }
            database.sync();
            return 0;
        } catch (RocksDBException e) {
            IoError error = RocksErrors.toIoError(e);
            LOG.error(
                    "member={} could not be synced, error={}: {}; syncs of it fail until {}",
                    uri,
                    error,
                    String.valueOf(e.getMessage()),
                    isSyncFailureFinal(error) ? "it is opened again" : "there is space again");
            return error.code();
        }
    }

    /**
     * {@inheritDoc}
     *
     * <p>A full disk is not final: RocksDB then flushes its memtables to new files before it accepts another write, and does not rely on
     * the data that it could not sync.
     */
    @Override
    public boolean isSyncFailureFinal(IoError error) {
        return error != IoError.NO_SPACE;
    }

    /** Returns whether a WRITE may be tried, which is not so while the reserve is missing; first tries to make the reserve if it is due. */
    boolean takesWrites() {
        if (reserve.wantsTry()) {
            try {
                makeReserve();
            } catch (BlockIoException e) {
                reserve.cannotBeMade(e.getMessage());
            }
        }
        return !reserve.isMissing();
    }

    /** Makes the reserve if there is room for it and for the data in memory. */
    private void makeReserve() throws BlockIoException {
        reserve.make(sizeBytes, blocks.unwrittenBytes());
        if (reserve.isSettled()) {
            database.spaceAgain();
        }
    }

    private void lookForReserve() throws BlockIoException {
        if (reserve.exists()) {
            makeReserve();
        } else if (reserve.isSpaceLow()) {
            reserve.look(blocks.unwrittenBytes());
        }
    }

    /** Executes a TRIM or WRITE_ZEROES; on a full disk, gives up the reserve for it. */
    void clear(MemberOp op) throws RocksDBException {
        boolean done = false;
        long startNanos = System.nanoTime();
        while (!done) {
            try {
                blocks.clear(op);
                done = true;
            } catch (RocksDBException e) {
                if (!getsSpace(RocksErrors.toIoError(e), startNanos)) {
                    throw e;
                }
            }
        }
        cleared(op.lengthBytes());
    }

    /**
     * Gives up the reserve if {@code error} is {@link IoError#NO_SPACE}, and waits for a moment.
     *
     * @param startNanos when the first try began
     * @return whether the operation is worth another try
     */
    private boolean getsSpace(IoError error, long startNanos) {
        if (error != IoError.NO_SPACE || System.nanoTime() - startNanos > TimeUnit.SECONDS.toNanos(CLEAR_TIMEOUT_S)) {
            return false;
        }
        if (!reserve.release() && !reserve.fits(RocksDatabase.WRITE_BUFFER_BYTES)) {
            return false;
        }
        // RocksDB checks every few seconds whether there is space for a write buffer again.
        LockSupport.parkNanos(CLEAR_PAUSE_NANOS);
        return true;
    }

    /** Notes that a mutation succeeded: the member has space again. */
    void written() {
        if (wantsSpace) {
            wantsSpace = false;
            LOG.info("member={} has space again", uri);
        }
    }

    /** Logs the failure of {@code op} after {@code doneBytes} bytes and returns the error for the client. */
    IoError failed(MemberOp op, long doneBytes, RocksDBException failure) {
        IoError error = RocksErrors.toIoError(failure);
        if (RocksErrors.isDamage(failure)) {
            damagedReads.increment();
        }
        if (op.op().mutates()) {
            wantsSpace |= error == IoError.NO_SPACE;
        }
        // RocksDB's message names the damaged file, except for a blob file.
        LOG.error(
                "member={} {} key={}: error={}: {}; what else is stored there is unharmed",
                uri,
                op,
                (op.offsetBytes() + doneBytes) / options.blockBytes(),
                error,
                String.valueOf(failure.getMessage()));
        return error;
    }

    Executor threads() {
        return threads;
    }

    RocksBlocks blocks() {
        return blocks;
    }

    RocksOptions options() {
        return options;
    }

    SyncRounds syncRounds() {
        return syncRounds;
    }

    List<Extent> extents(ByteRange range, int maxExtents) throws BlockIoException {
        try {
            return blocks.extents(range, maxExtents);
        } catch (RocksDBException e) {
            throw RocksErrors.failure(uri + ": cannot tell what is stored", e);
        }
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
            reclaimer.schedule(this::reclaim, RECLAIM_DELAY_MS, TimeUnit.MILLISECONDS);
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
            if (!hasSpace && !reserve.fits(blocks.unwrittenBytes() + LEAST_RECLAIM_BYTES)) {
                // A compaction that runs out of space would stop TRIM, too, and only TRIM can free space.
                LOG.info("member={}: gives back what was trimmed when more is: what is in memory does not fit", uri);
                return;
            }
            clearedBytes.reset();
            if (!hasSpace || !reserve.fits(beforeBytes)) {
                // Begin with the compaction that needs little space.
                database.compactFrugally();
            }
            if (hasSpace) {
                database.compact();
            } else {
                makeReserve();
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

    /** Compacts now, so that the space of deleted and overwritten blocks is freed at once. */
    void reclaimNow() throws BlockIoException {
        database.compact();
    }

    @Override
    public MemberUri uri() {
        return uri;
    }

    @Override
    public MemberCapabilities capabilities() {
        MemberCapabilities known = CAPABILITIES.withBlockBytes(options.blockBytes());
        return isDurable() ? known : known.without(MemberCapability.DURABLE_FLUSH);
    }

    @Override
    public long sizeBytes() {
        return sizeBytes;
    }

    @Override
    public boolean isReadOnly() {
        return opened.readOnly();
    }

    @Override
    public CacheMode cacheMode() {
        return isDurable() ? CacheMode.WRITEBACK : CacheMode.UNSAFE;
    }

    /** Returns whether FLUSH and FUA sync. */
    boolean isDurable() {
        return opened.cache() != CacheMode.UNSAFE;
    }

    @Override
    public MemberPort port(IoLoop loop) {
        return new RocksMemberPort(this, loop);
    }

    @Override
    public byte @Nullable [] readSuperblock(int copy) throws BlockIoException {
        byte[] stored = database.superblock(copy);
        return stored == null ? new byte[SUPERBLOCK_BYTES] : Arrays.copyOf(stored, SUPERBLOCK_BYTES);
    }

    @Override
    public void writeSuperblock(int copy, byte[] bytes) throws BlockIoException {
        boolean done = false;
        long startNanos = System.nanoTime();
        while (!done) {
            try {
                database.superblock(copy, bytes);
                done = true;
            } catch (BlockIoException e) {
                if (!getsSpace(e.error(), startNanos)) {
                    throw syncFailed(e);
                }
            }
        }
    }

    /** Reports a failed synced write to {@link SyncRounds}, because the sync also covered other data in the log. */
    private BlockIoException syncFailed(BlockIoException e) {
        syncRounds.failed(e.error().code());
        return e;
    }

    @Override
    public boolean hasFailedSync() {
        return syncRounds.hasFailed();
    }

    @Override
    public void resize(long newSizeBytes) throws BlockIoException {
        try {
            database.sizeBytes(newSizeBytes);
        } catch (BlockIoException e) {
            throw syncFailed(e);
        }
        sizeBytes = newSizeBytes;
        if (reserve.isSettled()) {
            makeReserve();
        }
    }

    @Override
    public long allocatedBytes() throws BlockIoException {
        return database.allocatedBytes();
    }

    @Override
    public long submittedOps() {
        return blocks.calls().sum();
    }

    @Override
    public MemberCopy copyTo(MemberUri target) throws BlockIoException {
        Path copy = RocksMemberStoreProvider.folder(target);
        RocksMemberStoreProvider.make(copy, options);
        try {
            return RocksCopy.begin(database, folder, copy, opened.readOnly());
        } catch (BlockIoException e) {
            RocksMemberStoreProvider.remove(copy);
            throw e;
        }
    }

    @Override
    public StoreFigures figures() {
        return database.figures(damagedReads.sum());
    }

    private boolean endReclaiming() throws InterruptedException {
        if (!reclaimer.isTerminated()) {
            database.db().cancelAllBackgroundWork(false);
        }
        return reclaimer.awaitTermination(CLOSE_TIMEOUT_S, TimeUnit.SECONDS);
    }

    @Override
    public void close() throws BlockIoException {
        if (closed) {
            return;
        }
        closed = true;
        threads.shutdown();
        reclaimer.shutdownNow();
        try {
            if (!threads.awaitTermination(CLOSE_TIMEOUT_S, TimeUnit.SECONDS) || !endReclaiming()) {
                throw new BlockIoException(
                        IoError.IO,
                        "member=" + uri + ": calls are still under way; it is left open, and was not synced");
            }
            int failure = syncRounds.now();
            closeDatabase();
            lock.close();
            if (failure != 0) {
                throw new BlockIoException(IoError.ofCode(failure), folder + " could not be synced when it was closed");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new BlockIoException(IoError.IO, "member=" + uri + ": interrupted while closing", e);
        }
    }

    /** Closes the database with a time limit: RocksDB waits for its background work, which on a full disk was seen not to end. */
    private void closeDatabase() throws BlockIoException, InterruptedException {
        Thread closing = new Thread(database::close, "kiobd-rocksdb-close");
        closing.setDaemon(true);
        closing.start();
        closing.join(TimeUnit.SECONDS.toMillis(CLOSE_TIMEOUT_S));
        if (closing.isAlive()) {
            throw new BlockIoException(
                    IoError.IO, "member=" + uri + ": the database does not close; what was flushed is safe in its log");
        }
    }
}
