package org.kiobd.store.rocksdb;

import io.netty.util.concurrent.DefaultThreadFactory;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
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
import org.kiobd.store.file.DirtyRoom;
import org.kiobd.store.file.MemberLock;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.ByteRange;
import org.kiobd.volume.Extent;
import org.kiobd.volume.IoError;
import org.kiobd.volume.loop.IoLoop;
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

    private final MemberUri uri;
    private final Path folder;
    private final MemberLock lock;
    private final RocksDatabase database;
    private final RocksOptions options;
    private final OpenOptions opened;
    private final BlockStore blocks;
    private final RocksSpace space;
    private final RocksSync sync;
    private final ExecutorService threads;
    private final DirtyRoom dirtyRoom = new DirtyRoom();
    private volatile long sizeBytes;
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
        this.sizeBytes = database.meta().sizeBytes();
        RocksReserve reserve = new RocksReserve(folder);
        if (options.data() == RocksOptions.Data.FILES) {
            this.blocks = new FileBlocks(place, database, reserve, opened.readOnly());
            this.space = new RocksSpace(uri, reserve, database.upkeep(), blocks, () -> sizeBytes);
        } else {
            DatabaseBlocks inDatabase = new DatabaseBlocks(place, uri, database, reserve, opened.readOnly());
            this.blocks = inDatabase;
            this.space = new RocksSpace(uri, reserve, database.upkeep(), blocks, () -> sizeBytes);
            inDatabase.space(space);
        }
        this.threads = Executors.newFixedThreadPool(THREADS, new DefaultThreadFactory("kiobd-rocksdb", true));
        this.sync = new RocksSync(uri, blocks, space, threads, opened.readOnly());
        if (!opened.readOnly()) {
            lookForSpace();
            blocks.start(sync.rounds()::now);
        }
    }

    private void lookForSpace() throws BlockIoException {
        boolean isOpen = false;
        try {
            space.look();
            isOpen = true;
        } finally {
            if (!isOpen) {
                blocks.close();
            }
        }
    }

    @Override
    public boolean isSyncFailureFinal(IoError error) {
        return blocks.isSyncFailureFinal(error);
    }

    /** Executes a TRIM or WRITE_ZEROES; on a full disk, gives up the reserve for it. */
    void clear(MemberOp op) throws BlockIoException {
        space.clear(op);
        blocks.cleared(op.lengthBytes());
    }

    /** Logs the failure of {@code op} after {@code doneBytes} bytes and returns the error for the client. */
    IoError failed(MemberOp op, long doneBytes, BlockIoException failure) {
        IoError error = failure.error();
        if (op.op().mutates()) {
            space.failed(error);
        }
        // The message names the damaged file, except for a blob file.
        LOG.error(
                "member={} {} key={}: error={}: {}; what else is stored there is unharmed",
                uri,
                op,
                (op.offsetBytes() + doneBytes) / options.blockBytes(),
                error,
                failure.getMessage());
        return error;
    }

    Executor threads() {
        return threads;
    }

    /** Returns the estimate that the ports share. */
    DirtyRoom dirtyRoom() {
        return dirtyRoom;
    }

    BlockStore blocks() {
        return blocks;
    }

    RocksSpace space() {
        return space;
    }

    RocksOptions options() {
        return options;
    }

    SyncRounds syncRounds() {
        return sync.rounds();
    }

    List<Extent> extents(ByteRange range, int maxExtents) throws BlockIoException {
        try {
            return blocks.extents(range, maxExtents);
        } catch (BlockIoException e) {
            throw new BlockIoException(e.error(), uri + ": cannot tell what is stored: " + e.getMessage(), e);
        }
    }

    /** Compacts now, so that the space of deleted and overwritten blocks is freed at once. */
    void reclaimNow() throws BlockIoException {
        blocks.reclaimNow();
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
        byte[] stored = database.meta().superblock(copy);
        return stored == null ? new byte[SUPERBLOCK_BYTES] : Arrays.copyOf(stored, SUPERBLOCK_BYTES);
    }

    @Override
    public void writeSuperblock(int copy, byte[] bytes) throws BlockIoException {
        if (!blocks.isSyncedByDatabase() && !hasFailedSync()) {
            // The superblock may say that the volume is clean.
            int failure = sync.rounds().now();
            if (failure != 0) {
                throw new BlockIoException(
                        IoError.ofCode(failure), uri + ": the data could not be synced before the superblock");
            }
        }
        boolean done = false;
        long startNanos = System.nanoTime();
        while (!done) {
            try {
                database.meta().superblock(copy, bytes);
                done = true;
            } catch (BlockIoException e) {
                if (!space.getsSpace(e.error(), startNanos)) {
                    throw failedMeta(e);
                }
            }
        }
    }

    /** A synced write of the database that failed may have lost blocks, if they are in the database. */
    private BlockIoException failedMeta(BlockIoException e) {
        return blocks.isSyncedByDatabase() ? sync.failed(e) : e;
    }

    @Override
    public boolean hasFailedSync() {
        return sync.rounds().hasFailed();
    }

    @Override
    public void resize(long newSizeBytes) throws BlockIoException {
        try {
            database.meta().sizeBytes(newSizeBytes);
        } catch (BlockIoException e) {
            throw failedMeta(e);
        }
        sizeBytes = newSizeBytes;
        space.grown();
    }

    @Override
    public long allocatedBytes() throws BlockIoException {
        return blocks.allocatedBytes();
    }

    @Override
    public long submittedOps() {
        return blocks.calls().sum();
    }

    @Override
    public MemberCopy copyTo(MemberUri target) throws BlockIoException {
        Path copy = RocksFolder.of(target);
        RocksFolder.make(copy, options);
        try {
            return blocks.copyTo(copy);
        } catch (BlockIoException e) {
            RocksMemberRemoval.remove(copy);
            throw e;
        }
    }

    @Override
    public StoreFigures figures() {
        return database.figures(blocks.damagedReads(), blocks.waits());
    }

    @Override
    public void close() throws BlockIoException {
        if (closed) {
            return;
        }
        closed = true;
        threads.shutdown();
        try {
            if (!threads.awaitTermination(CLOSE_TIMEOUT_S, TimeUnit.SECONDS) || !blocks.stop(CLOSE_TIMEOUT_S)) {
                throw new BlockIoException(
                        IoError.IO,
                        "member=" + uri + ": calls are still under way; it is left open, and was not synced");
            }
            int failure = sync.rounds().now();
            blocks.close();
            if (!database.closeWithin(CLOSE_TIMEOUT_S)) {
                throw new BlockIoException(
                        IoError.IO,
                        "member=" + uri + ": the database does not close; what was flushed is safe in its log");
            }
            lock.close();
            if (failure != 0) {
                throw new BlockIoException(IoError.ofCode(failure), folder + " could not be synced when it was closed");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new BlockIoException(IoError.IO, "member=" + uri + ": interrupted while closing", e);
        }
    }
}
