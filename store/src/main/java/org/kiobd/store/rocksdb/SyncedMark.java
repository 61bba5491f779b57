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
 * A file next to the database files that holds the sequence number of the last synced write. RocksDB treats damage in its log as the end
 * of the log and drops the writes after it; the mark reveals such a loss. The mark is written after each sync, and is not synced itself:
 * after a power failure it may be too low, but never too high. Used by one sync at a time.
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

    /** Opens the mark of the database in {@code folder} for writing; makes it if it is missing. */
    static SyncedMark open(Path folder) throws BlockIoException {
        Path file = folder.resolve(FILE);
        try {
            return new SyncedMark(file, FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE));
        } catch (IOException e) {
            throw SystemErrors.failure(file + " cannot be written", e);
        }
    }

    /** Returns the sequence number that the last sync covered; 0 if unknown. */
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

    /** Writes the mark of a copy in {@code folder}. */
    static void write(Path folder, long sequence) {
        try (SyncedMark mark = open(folder)) {
            mark.synced(sequence);
        } catch (IOException e) {
            LOG.warn("{} cannot be written: {}", folder.resolve(FILE), e.toString());
        }
    }

    /** Records that all writes up to {@code sequence} are durable. */
    void synced(long sequence) {
        bytes.clear().putLong(sequence).putLong(~sequence).flip();
        try {
            channel.write(bytes, 0);
        } catch (IOException e) {
            // The sync itself succeeded. An older mark is still correct, but reveals less damage.
            LOG.warn("{} cannot be written; what is synced is unharmed: {}", file, e.toString());
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
