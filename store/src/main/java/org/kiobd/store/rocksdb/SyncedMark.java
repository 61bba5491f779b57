package org.kiobd.store.rocksdb;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.kiobd.store.file.SystemErrors;
import org.kiobd.volume.BlockIoException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Up to which of its writes a database was last synced, in a file beside its own. RocksDB takes damage in its log for the log's end,
 * and forgets what comes after; by this mark that is found out. It is written behind each sync and not synced itself: after a power cut
 * it may say less than is true, never more. One sync at a time uses it.
 */
final class SyncedMark implements AutoCloseable {
    static final String FILE = "kiobd.synced";

    private static final Logger LOG = LoggerFactory.getLogger(SyncedMark.class);
    private static final int BYTES = 2 * Long.BYTES;

    private final Path file;
    private final FileChannel channel;
    private final ByteBuffer bytes = ByteBuffer.allocateDirect(BYTES);

    private SyncedMark(Path file, FileChannel channel) {
        this.file = file;
        this.channel = channel;
    }

    /** Of the database in {@code folder}. */
    static SyncedMark open(Path folder) throws BlockIoException {
        Path file = folder.resolve(FILE);
        try {
            return new SyncedMark(file, FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE));
        } catch (IOException e) {
            throw SystemErrors.failure(file + " cannot be written", e);
        }
    }

    /** What the last sync covered; 0 if nobody knows. */
    static long read(Path folder) throws BlockIoException {
        Path file = folder.resolve(FILE);
        try {
            byte[] stored = Files.exists(file) ? Files.readAllBytes(file) : new byte[0];
            if (stored.length != BYTES) {
                return 0;
            }
            ByteBuffer mark = ByteBuffer.wrap(stored);
            long sequence = mark.getLong();
            return mark.getLong() == ~sequence ? sequence : 0;
        } catch (IOException e) {
            throw SystemErrors.failure(file + " cannot be read", e);
        }
    }

    /** Everything up to {@code sequence} is durable. */
    void synced(long sequence) {
        bytes.clear().putLong(sequence).putLong(~sequence).flip();
        try {
            channel.write(bytes, 0);
        } catch (IOException e) {
            // The sync itself did what it should; an older mark finds less damage, and is as true.
            LOG.warn("{} cannot be written; what is synced is unharmed: {}", file, e.toString());
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
