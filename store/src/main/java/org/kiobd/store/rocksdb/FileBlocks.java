package org.kiobd.store.rocksdb;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import org.kiobd.store.MemberCopy;
import org.kiobd.store.MemberOp;
import org.kiobd.store.StallWatch;
import org.kiobd.store.file.SystemErrors;
import org.kiobd.store.rocksdb.data.BlockReading;
import org.kiobd.store.rocksdb.data.DataBlocks;
import org.kiobd.store.rocksdb.data.DataCopy;
import org.kiobd.store.rocksdb.data.Keeper;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.ByteRange;
import org.kiobd.volume.Extent;
import org.kiobd.volume.IoError;
import org.kiobd.volume.kiobuf.Op;

/** Stores the blocks in data files, and says in the database where they are; see {@link DataBlocks}. */
final class FileBlocks implements BlockStore {
    private final Path folder;
    private final RocksDatabase database;
    private final boolean readOnly;
    private final DataBlocks blocks;
    private final LongAdder calls = new LongAdder();

    /** Opens the data files; borrows the database. */
    FileBlocks(RocksMember.Place place, RocksDatabase database, RocksReserve reserve, boolean readOnly)
            throws BlockIoException {
        this.folder = place.folder();
        this.database = database;
        this.readOnly = readOnly;
        this.blocks = open(place, database, reserve);
    }

    private DataBlocks open(RocksMember.Place place, RocksDatabase from, RocksReserve reserve) throws BlockIoException {
        Path marked = folder.resolve(RocksFolder.DATABASE);
        try {
            DataBlocks.Setup setup = new DataBlocks.Setup(
                    folder,
                    place.options().blockBytes(),
                    readOnly,
                    new RocksMapTable(from),
                    SyncedMark.read(marked),
                    from::synced,
                    calls);
            try {
                return DataBlocks.open(setup);
            } catch (IOException e) {
                if (readOnly || SystemErrors.toIoError(e) != IoError.NO_SPACE || !reserve.release()) {
                    throw e;
                }
                return DataBlocks.open(setup);
            }
        } catch (IOException e) {
            throw SystemErrors.failure(folder + ": cannot open the data files", e);
        }
    }

    private static BlockIoException failure(IOException e) {
        return e instanceof BlockIoException told
                ? told
                : new BlockIoException(SystemErrors.toIoError(e), String.valueOf(e.getMessage()), e);
    }

    @Override
    public boolean isWholeWrite(MemberOp op) {
        return op.op() == Op.WRITE && blocks.isWhole(op);
    }

    @Override
    public void write(MemberOp[] ops, int from, int to) throws BlockIoException {
        try {
            blocks.write(ops, from, to);
        } catch (IOException e) {
            throw failure(e);
        }
    }

    @Override
    public boolean worksOnLoop() {
        return true;
    }

    @Override
    public boolean writeNow(MemberOp[] ops, int from, int to) throws BlockIoException {
        try {
            return blocks.writeNow(ops, from, to);
        } catch (IOException e) {
            throw failure(e);
        }
    }

    @Override
    public boolean readNow(BlockReading reading) throws BlockIoException {
        try {
            return blocks.readNow(reading);
        } catch (IOException e) {
            throw failure(e);
        }
    }

    @Override
    public void clear(MemberOp op) throws BlockIoException {
        try {
            blocks.clear(op);
        } catch (IOException e) {
            throw failure(e);
        }
    }

    @Override
    public void read(BlockReading reading) throws BlockIoException {
        try {
            blocks.read(reading);
        } catch (IOException e) {
            throw failure(e);
        }
    }

    @Override
    public List<Extent> extents(ByteRange range, int maxExtents) throws BlockIoException {
        try {
            return blocks.extents(range, maxExtents);
        } catch (IOException e) {
            throw failure(e);
        }
    }

    @Override
    public long unwrittenBytes() {
        return blocks.unwrittenBytes();
    }

    @Override
    public void sync(boolean afterShortage) throws BlockIoException {
        try {
            blocks.sync();
        } catch (IOException e) {
            throw failure(e);
        }
    }

    @Override
    public boolean isSyncFailureFinal(IoError error) {
        return true;
    }

    @Override
    public boolean isSyncedByDatabase() {
        return false;
    }

    @Override
    public StallWatch waits() {
        return blocks.waits();
    }

    @Override
    public void cleared(long bytes) {}

    @Override
    public void reclaimNow() throws BlockIoException {
        try {
            blocks.reclaimNow();
        } catch (IOException e) {
            throw failure(e);
        }
    }

    @Override
    public long allocatedBytes() throws BlockIoException {
        return blocks.allocatedBytes() + database.allocatedBytes();
    }

    @Override
    public LongAdder calls() {
        return calls;
    }

    @Override
    public long damagedReads() {
        return blocks.damagedReads();
    }

    /** Both halves of a copy. */
    private static final class Copy implements MemberCopy {
        private final DataCopy data;
        private final MemberCopy map;

        Copy(DataCopy data, MemberCopy map) {
            this.data = data;
            this.map = map;
        }

        @Override
        public void approach() throws BlockIoException {
            try {
                data.approach();
            } catch (IOException e) {
                throw failure(e);
            }
            map.approach();
        }

        @Override
        public void fix() throws BlockIoException {
            try {
                data.fix();
            } catch (IOException e) {
                throw failure(e);
            }
            map.fix();
        }

        @Override
        public void complete() throws BlockIoException {
            map.complete();
            try {
                data.complete();
            } catch (IOException e) {
                throw failure(e);
            }
        }

        @Override
        public void close() throws BlockIoException {
            try (data) {
                map.close();
            }
        }
    }

    @Override
    public MemberCopy copyTo(Path to) throws BlockIoException {
        DataCopy data = null;
        @Nullable MemberCopy map = null;
        try {
            data = blocks.copyTo(to, sequence -> SyncedMark.write(to.resolve(RocksFolder.DATABASE), sequence));
            map = RocksCopy.begin(database, folder, to, readOnly);
            return new Copy(data, map);
        } catch (IOException e) {
            throw failure(e);
        } finally {
            if (map == null && data != null) {
                data.close();
            }
        }
    }

    @Override
    public void start(Keeper.Sync sync) {
        blocks.start(sync);
    }

    @Override
    public boolean stop(int timeoutS) {
        return blocks.stop(timeoutS);
    }

    @Override
    public void close() {
        blocks.close();
    }
}
