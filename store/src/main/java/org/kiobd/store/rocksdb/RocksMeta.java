package org.kiobd.store.rocksdb;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;
import org.rocksdb.ColumnFamilyHandle;
import org.rocksdb.ReadOptions;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.WriteBatch;

/**
 * The few values of a database that describe the member, in a column family of their own: its size and the two copies of its superblock.
 * Each write is durable when it returns. Borrows the handles of the database. Thread-safe; calls block.
 */
final class RocksMeta {
    private static final byte[] SIZE = "size".getBytes(StandardCharsets.UTF_8);

    private final RocksDB db;
    private final ColumnFamilyHandle meta;
    private final ReadOptions read;
    private final RocksWrites writes;

    RocksMeta(RocksDB db, ColumnFamilyHandle meta, ReadOptions read, RocksWrites writes) {
        this.db = db;
        this.meta = meta;
        this.read = read;
        this.writes = writes;
    }

    /** Returns the size of the data area, in bytes. */
    long sizeBytes() throws BlockIoException {
        byte[] size = get(SIZE);
        if (size == null || size.length != Long.BYTES) {
            throw new BlockIoException(
                    IoError.IO, "the database does not say how large the member is; it was made half");
        }
        return ByteBuffer.wrap(size).getLong();
    }

    /** Records the size like {@link #sizeBytes(long)}, for a caller that words the failure itself. */
    void putSize(long sizeBytes) throws RocksDBException {
        put(SIZE, ByteBuffer.allocate(Long.BYTES).putLong(sizeBytes).array());
    }

    /** Records the size of the data area, in bytes. */
    void sizeBytes(long newSizeBytes) throws BlockIoException {
        try {
            putSize(newSizeBytes);
        } catch (RocksDBException e) {
            throw RocksErrors.failure("cannot record the new size", e);
        }
    }

    /** Returns the bytes of a superblock copy, owned; null if it was never written. */
    byte @Nullable [] superblock(int copy) throws BlockIoException {
        return get(superblockKey(copy));
    }

    /** Writes a superblock copy; borrows {@code bytes}. */
    void superblock(int copy, byte[] bytes) throws BlockIoException {
        try {
            put(superblockKey(copy), bytes);
        } catch (RocksDBException e) {
            throw RocksErrors.failure("cannot write superblock copy=" + copy, e);
        }
    }

    private static byte[] superblockKey(int copy) {
        return ("superblock." + copy).getBytes(StandardCharsets.UTF_8);
    }

    private byte @Nullable [] get(byte[] key) throws BlockIoException {
        try {
            return db.get(meta, read, key);
        } catch (RocksDBException e) {
            throw RocksErrors.failure("cannot read " + new String(key, StandardCharsets.UTF_8), e);
        }
    }

    private void put(byte[] key, byte[] value) throws RocksDBException {
        try (WriteBatch batch = new WriteBatch()) {
            batch.put(meta, key, value);
            writes.writeSynced(batch);
        }
    }
}
