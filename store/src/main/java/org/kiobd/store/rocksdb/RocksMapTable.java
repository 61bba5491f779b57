package org.kiobd.store.rocksdb;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Iterator;
import java.util.Map;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;
import org.kiobd.store.rocksdb.data.MapTable;
import org.kiobd.volume.BlockIoException;
import org.rocksdb.ColumnFamilyHandle;
import org.rocksdb.FlushOptions;
import org.rocksdb.ReadOptions;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;
import org.rocksdb.Slice;
import org.rocksdb.WriteBatch;
import org.rocksdb.WriteOptions;

/**
 * The map in the column family of the blocks. The key of a group is its number, 8 bytes big-endian. Values are written without RocksDB's log,
 * as the log of the map has them, and flushed; RocksDB keeps writes of one column family in order, so the sequence number, which is written
 * last, is there only if all values are. Borrows the database. Thread-safe; calls block.
 */
final class RocksMapTable implements MapTable {
    /** Sorts after every group. */
    private static final byte[] SEQUENCE = "sequence".getBytes(StandardCharsets.UTF_8);

    private static final int BATCHED = 2048;

    private final RocksDB db;
    private final ColumnFamilyHandle family;
    private final ReadOptions read;

    RocksMapTable(RocksDatabase database) {
        this.db = database.db();
        this.family = database.blocks();
        this.read = database.read();
    }

    private static byte[] key(long group) {
        return ByteBuffer.allocate(Long.BYTES).putLong(group).array();
    }

    @Override
    public byte @Nullable [] get(long group) throws BlockIoException {
        try {
            return db.get(family, read, key(group));
        } catch (RocksDBException e) {
            throw RocksErrors.failure("cannot read the map", e);
        }
    }

    @Override
    public void walk(long firstGroup, long lastGroup, Visitor visitor) throws java.io.IOException {
        byte[] end = lastGroup == Long.MAX_VALUE ? SEQUENCE : key(lastGroup + 1);
        try (Slice bound = new Slice(end);
                ReadOptions bounded = new ReadOptions().setVerifyChecksums(true).setIterateUpperBound(bound);
                RocksIterator groups = db.newIterator(family, bounded)) {
            boolean goesOn = true;
            for (groups.seek(key(firstGroup)); goesOn && groups.isValid(); groups.next()) {
                goesOn = visitor.group(ByteBuffer.wrap(groups.key()).getLong(), groups.value());
            }
            groups.status();
        } catch (RocksDBException e) {
            throw RocksErrors.failure("cannot read the map", e);
        }
    }

    @Override
    public long sequence() throws BlockIoException {
        try {
            byte[] stored = db.get(family, read, SEQUENCE);
            return stored == null ? 0 : ByteBuffer.wrap(stored).getLong();
        } catch (RocksDBException e) {
            throw RocksErrors.failure("cannot read the map", e);
        }
    }

    @Override
    public void put(SortedMap<Long, byte[]> values, long sequence) throws BlockIoException {
        Iterator<Map.Entry<Long, byte[]>> left = values.entrySet().iterator();
        try (WriteOptions withoutLog = new WriteOptions().setDisableWAL(true);
                FlushOptions wait = new FlushOptions().setWaitForFlush(true)) {
            boolean more = true;
            while (more) {
                try (WriteBatch batch = new WriteBatch()) {
                    for (int i = 0; i < BATCHED && left.hasNext(); i++) {
                        Map.Entry<Long, byte[]> group = left.next();
                        if (group.getValue().length == 0) {
                            batch.delete(family, key(group.getKey()));
                        } else {
                            batch.put(family, key(group.getKey()), group.getValue());
                        }
                    }
                    more = left.hasNext();
                    if (!more) {
                        batch.put(
                                family,
                                SEQUENCE,
                                ByteBuffer.allocate(Long.BYTES)
                                        .putLong(sequence)
                                        .array());
                    }
                    db.write(withoutLog, batch);
                }
            }
            db.flush(wait, family);
        } catch (RocksDBException e) {
            throw RocksErrors.failure("cannot store the map", e);
        }
    }
}
