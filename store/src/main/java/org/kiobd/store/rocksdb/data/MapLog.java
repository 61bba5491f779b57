package org.kiobd.store.rocksdb.data;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/**
 * A log of the changes of the map since they were last put into the database. A change is acknowledged when its record has been written to
 * the log, so it survives the process; it survives the machine when the log was synced after the data files.
 *
 * <p>Records that several threads append at the same time are written together. A failed write is final: nothing is appended afterwards,
 * because a record after a gap would be lost. Thread-safe; calls block.
 */
final class MapLog implements AutoCloseable {
    private static final int FIRST_BUFFER_BYTES = 64 << 10;
    private static final int READ_BYTES = 4 << 20;

    private final FileChannel file;
    private final Object writing = new Object();
    private ByteBuffer appended = ByteBuffer.allocateDirect(FIRST_BUFFER_BYTES);
    private ByteBuffer spare = ByteBuffer.allocateDirect(FIRST_BUFFER_BYTES);
    private long lastSequence;
    private long endBytes;
    private volatile long writtenSequence;
    private volatile boolean failed;

    private MapLog(FileChannel file, long lastSequence, long endBytes) {
        this.file = file;
        this.lastSequence = lastSequence;
        this.writtenSequence = lastSequence;
        this.endBytes = endBytes;
    }

    /**
     * Creates a log.
     *
     * @param lastSequence sequence number of the last record of the log before; 0 for the first log
     */
    static MapLog create(Path path, long lastSequence) throws IOException {
        FileChannel file = FileChannel.open(
                path,
                Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE, StandardOpenOption.READ),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        return new MapLog(file, lastSequence, 0);
    }

    /**
     * Reads a log up to its last valid record.
     *
     * @param lastSequence sequence number of the last record of the log before
     * @return sequence number of the last valid record; {@code lastSequence} if there is none
     */
    static long read(Path path, long lastSequence, Consumer<LogRecord> records) throws IOException {
        long sequence = lastSequence;
        long atBytes = 0;
        ByteBuffer buffer = ByteBuffer.allocateDirect(READ_BYTES);
        try (FileChannel file = FileChannel.open(path, StandardOpenOption.READ)) {
            while (true) {
                buffer.clear();
                while (buffer.hasRemaining() && file.read(buffer, atBytes + buffer.position()) > 0) {}
                buffer.flip();
                LogRecord record = LogRecord.decode(buffer, sequence + 1);
                if (record == null) {
                    return sequence;
                }
                while (record != null) {
                    records.accept(record);
                    sequence++;
                    record = LogRecord.decode(buffer, sequence + 1);
                }
                atBytes += buffer.position();
            }
        }
    }

    /**
     * Appends a record, in memory; {@link #write} follows. The caller holds what it changes, so the order of the records is that of the
     * changes.
     *
     * @return sequence number of the record
     */
    synchronized long append(List<LogRecord.Change> changes) throws IOException {
        requireGood();
        LogRecord record = new LogRecord(lastSequence + 1, changes);
        int bytes = record.bytes();
        if (bytes > appended.remaining()) {
            ByteBuffer larger =
                    ByteBuffer.allocateDirect(Math.max(2 * appended.capacity(), appended.position() + bytes));
            appended = larger.put(appended.flip());
        }
        record.encode(appended);
        lastSequence++;
        return lastSequence;
    }

    /** Writes all records up to {@code sequence}, with all that were appended meanwhile; returns at once if another thread has done it. */
    void write(long sequence) throws IOException {
        if (writtenSequence >= sequence) {
            return;
        }
        synchronized (writing) {
            if (writtenSequence >= sequence) {
                return;
            }
            requireGood();
            ByteBuffer out;
            long last;
            synchronized (this) {
                out = appended;
                appended = spare.clear();
                last = lastSequence;
            }
            spare = out;
            out.flip();
            try {
                while (out.hasRemaining()) {
                    endBytes += file.write(out, endBytes);
                }
            } catch (IOException e) {
                failed = true;
                throw e;
            }
            writtenSequence = last;
        }
    }

    /** Syncs what was written so far; returns the sequence number of the last record that is durable. */
    long sync() throws IOException {
        long covered = writtenSequence;
        file.force(false);
        return covered;
    }

    private void requireGood() throws IOException {
        if (failed) {
            throw new IOException("the log of the map could not be written before");
        }
    }

    /** Returns the sequence number of the last record that was appended. */
    synchronized long lastSequence() {
        return lastSequence;
    }

    /** Returns the number of bytes written. */
    long bytes() {
        synchronized (writing) {
            return endBytes;
        }
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
