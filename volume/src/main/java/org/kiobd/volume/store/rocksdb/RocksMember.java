package org.kiobd.volume.store.rocksdb;

import io.netty.util.concurrent.DefaultThreadFactory;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.ByteRange;
import org.kiobd.volume.Extent;
import org.kiobd.volume.IoError;
import org.kiobd.volume.loop.IoLoop;
import org.kiobd.volume.store.MemberCapabilities;
import org.kiobd.volume.store.MemberOp;
import org.kiobd.volume.store.MemberPort;
import org.kiobd.volume.store.MemberStore;
import org.kiobd.volume.store.MemberUri;
import org.kiobd.volume.store.SyncRounds;
import org.kiobd.volume.store.file.MemberLock;
import org.rocksdb.RocksDBException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A member in a RocksDB database. Thin: it takes what is written, and zeros are not. Any thread, as the interface says. */
final class RocksMember implements MemberStore {
    /** Calls of one member that may be under way at once; a sync is one of them. */
    static final int THREADS = Math.max(2, Math.min(4, Runtime.getRuntime().availableProcessors()));

    private static final Logger LOG = LoggerFactory.getLogger(RocksMember.class);
    private static final int CLOSE_TIMEOUT_S = 60;

    private final MemberUri uri;
    private final Path folder;
    private final MemberLock lock;
    private final RocksDatabase database;
    private final RocksOptions options;
    private final boolean readOnly;
    private final RocksBlocks blocks;
    private final SyncRounds syncRounds;
    private final ExecutorService threads;
    private volatile long sizeBytes;
    private boolean closed;

    /** A member's folder, and how it was made. */
    record Place(Path folder, RocksOptions options) {}

    /**
     * Takes the lock and the database.
     *
     * @param place where it lies, without options
     */
    RocksMember(Place place, MemberLock lock, RocksDatabase database, boolean readOnly) throws BlockIoException {
        this.uri = new MemberUri("rocksdb", place.folder().toString());
        this.folder = place.folder();
        this.lock = lock;
        this.database = database;
        this.readOnly = readOnly;
        this.options = place.options();
        this.sizeBytes = database.sizeBytes();
        this.blocks = new RocksBlocks(database, options.blockBytes());
        this.threads = Executors.newFixedThreadPool(THREADS, new DefaultThreadFactory("kiobd-rocksdb", true));
        this.syncRounds = new SyncRounds(threads, this::sync);
    }

    private int sync() {
        if (readOnly) {
            return 0;
        }
        try {
            blocks.calls().increment();
            database.db().flushWal(true);
            return 0;
        } catch (RocksDBException e) {
            LOG.error("member={} could not be synced; writes to it fail until it is opened again", uri, e);
            return RocksErrors.toIoError(e).code();
        }
    }

    /** Says in the log what went wrong with {@code op}, and what the client is told. */
    IoError failed(MemberOp op, RocksDBException failure) {
        IoError error = RocksErrors.toIoError(failure);
        LOG.error(
                "member={} {}: error={}: {}; what else is stored there is unharmed",
                uri,
                op,
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

    /** Gives back at once what compaction would give back in its own time: what was deleted or overwritten. */
    void reclaimNow() throws BlockIoException {
        database.compact();
    }

    @Override
    public MemberUri uri() {
        return uri;
    }

    @Override
    public MemberCapabilities capabilities() {
        return new MemberCapabilities(options.blockBytes(), 1, true, true, true, true, false, true, true, true);
    }

    @Override
    public long sizeBytes() {
        return sizeBytes;
    }

    @Override
    public boolean isReadOnly() {
        return readOnly;
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
        database.superblock(copy, bytes);
    }

    @Override
    public void resize(long newSizeBytes) throws BlockIoException {
        database.sizeBytes(newSizeBytes);
        sizeBytes = newSizeBytes;
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
    public void close() throws BlockIoException {
        if (closed) {
            return;
        }
        closed = true;
        threads.shutdown();
        try {
            if (!threads.awaitTermination(CLOSE_TIMEOUT_S, TimeUnit.SECONDS)) {
                LOG.error("member={}: calls are still under way; it is left open", uri);
                return;
            }
            int failure = syncRounds.now();
            database.close();
            lock.close();
            if (failure != 0) {
                throw new BlockIoException(IoError.ofCode(failure), folder + " could not be synced when it was closed");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
