package org.kiobd.store.rocksdb;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;
import org.kiobd.store.MemberCopy;
import org.kiobd.store.MemberOp;
import org.kiobd.store.MemberUri;
import org.kiobd.store.rocksdb.data.BlockReading;
import org.kiobd.store.rocksdb.data.Keeper;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.ByteRange;
import org.kiobd.volume.Extent;
import org.kiobd.volume.IoError;
import org.rocksdb.RocksDBException;

/** Stores each block as a value of the database. A full disk is handled by {@link RocksSpace}. */
final class DatabaseBlocks implements BlockStore {
    private final Path folder;
    private final RocksDatabase database;
    private final boolean readOnly;
    private final RocksBlocks blocks;
    private final BlockWrites writes;
    private final BlockReads reads;
    private final BlockExtents extents;
    private final RocksReclaim reclaim;
    private final LongAdder damagedReads = new LongAdder();

    /** Borrows all parts. */
    DatabaseBlocks(
            RocksMember.Place place, MemberUri uri, RocksDatabase database, RocksReserve reserve, boolean readOnly) {
        this.folder = place.folder();
        this.database = database;
        this.readOnly = readOnly;
        this.blocks = new RocksBlocks(database, place.options().blockBytes());
        this.writes = new BlockWrites(blocks, database.writes(), reserve);
        this.reads = new BlockReads(blocks);
        this.extents = new BlockExtents(blocks);
        this.reclaim = new RocksReclaim(uri, database, extents, reserve);
    }

    /** Sets what makes the reserve again once there is space. */
    void space(RocksSpace space) {
        reclaim.space(space);
    }

    @Override
    public boolean isWholeWrite(MemberOp op) {
        return writes.isWholeWrite(op);
    }

    @Override
    public void write(MemberOp[] ops, int from, int to) throws BlockIoException {
        try {
            writes.write(ops, from, to);
        } catch (RocksDBException e) {
            throw failure(e);
        }
    }

    private static BlockIoException failure(RocksDBException e) {
        return new BlockIoException(RocksErrors.toIoError(e), String.valueOf(e.getMessage()), e);
    }

    @Override
    public void clear(MemberOp op) throws BlockIoException {
        try {
            writes.clear(op);
        } catch (RocksDBException e) {
            throw failure(e);
        }
    }

    @Override
    public void read(BlockReading reading) throws BlockIoException {
        try {
            reads.read(reading);
        } catch (RocksDBException e) {
            if (RocksErrors.isDamage(e)) {
                damagedReads.increment();
            }
            throw failure(e);
        }
    }

    @Override
    public List<Extent> extents(ByteRange range, int maxExtents) throws BlockIoException {
        try {
            return extents.extents(range, maxExtents);
        } catch (RocksDBException e) {
            throw failure(e);
        }
    }

    @Override
    public long unwrittenBytes() throws BlockIoException {
        return extents.unwrittenBytes();
    }

    @Override
    public void sync(boolean afterShortage) throws BlockIoException {
        try {
            blocks.calls().increment();
            if (afterShortage) {
                // RocksDB recovers by itself when there is space, but never after a sync of a log that could not grow.
                database.writes().tryWrite();
            }
            database.writes().sync();
        } catch (RocksDBException e) {
            throw failure(e);
        }
    }

    /**
     * {@inheritDoc}
     *
     * <p>A full disk is not final: RocksDB then flushes its memtables to new files before it accepts another write, and does not rely on the
     * data that it could not sync.
     */
    @Override
    public boolean isSyncFailureFinal(IoError error) {
        return error != IoError.NO_SPACE;
    }

    @Override
    public boolean isSyncedByDatabase() {
        return true;
    }

    @Override
    public void cleared(long bytes) {
        reclaim.cleared(bytes);
    }

    @Override
    public void reclaimNow() throws BlockIoException {
        database.upkeep().compact();
    }

    @Override
    public long allocatedBytes() throws BlockIoException {
        return database.allocatedBytes();
    }

    @Override
    public LongAdder calls() {
        return blocks.calls();
    }

    @Override
    public long damagedReads() {
        return damagedReads.sum();
    }

    @Override
    public MemberCopy copyTo(Path to) throws BlockIoException {
        return RocksCopy.begin(database, folder, to, readOnly);
    }

    @Override
    public void start(Keeper.Sync sync) {}

    @Override
    public boolean stop(int timeoutS) throws InterruptedException {
        reclaim.stop();
        return reclaim.awaitEnd(timeoutS);
    }

    @Override
    public void close() {}
}
