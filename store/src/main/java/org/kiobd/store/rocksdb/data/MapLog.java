package org.kiobd.store.rocksdb.data;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kiobd.store.file.SystemErrors;
import org.kiobd.volume.IoError;

/**
 * The log of the changes of the map that are not in the database yet. A change is acknowledged when its record has been written to the log,
 * so it survives the process; it survives the machine when the log was synced, and so were the data files, or their data are in the log.
 *
 * <p>The log has two files, which it uses in turn: {@link #rotate} changes to the other one when the changes before are about to be put into
 * the database. A file is overwritten, not made again, so that a sync of it writes no metadata. It begins with {@link MapLogFile#HEADER_BYTES}
 * bytes that say which record is its first.
 *
 * <p>Records that several threads append at the same time are written together. On a full disk nothing more is appended until what was
 * appended before could be written; any other failed write is final, because a record after a gap would be lost. Thread-safe; calls block.
 */
final class MapLog implements AutoCloseable {
    /** Bytes of blocks that a sync puts into the log; more are synced where they are. */
    static final int MOST_KEPT_BYTES = 128 << 10;

    private static final int FIRST_BUFFER_BYTES = 64 << 10;

    private final MapLogFile[] files;
    private final Object writing = new Object();

    /** Records that are appended and not written; guarded by this object, as are the fields after it. */
    private ByteBuffer appended = ByteBuffer.allocateDirect(FIRST_BUFFER_BYTES);

    private final UnsyncedChanges unsynced;
    private long lastSequence;
    private int lastChecksum;

    /** The buffer that is not {@link #appended}: empty, or records that did not fit on the disk. Guarded by {@link #writing}. */
    private ByteBuffer taken = ByteBuffer.allocateDirect(FIRST_BUFFER_BYTES).limit(0);

    private long takenSequence;
    private volatile int current;
    private long turn;
    /** Whether the other file may have records that were not synced; true at first, because another process may have written them. */
    private boolean beforeIsUnsynced = true;

    /** Bytes of data that were appended since the log was rotated; written under the monitor of this object. */
    private volatile long dataBytes;

    private volatile long writtenSequence;
    private volatile @Nullable IOException failure;

    /** Takes the files; goes on after {@code end}. */
    private MapLog(MapLogFile[] files, MapLogEnd end, int blockBytes) {
        this.files = files;
        this.unsynced = new UnsyncedChanges(MOST_KEPT_BYTES / blockBytes);
        this.current = end.file();
        this.turn = end.turn();
        this.lastSequence = end.sequence();
        this.takenSequence = end.sequence();
        this.writtenSequence = end.sequence();
        this.lastChecksum = end.checksum();
    }

    /** Opens the log for writing after the end that {@link MapLogEnd#read} has found. */
    static MapLog open(Path folder, Disk disk, MapLogEnd end, int blockBytes) throws IOException {
        MapLogFile[] files = new MapLogFile[MapLogFile.FILES];
        try {
            boolean areThere = true;
            for (int i = 0; i < files.length; i++) {
                Path path = MapLogFile.path(folder, i);
                boolean isThere = disk.exists(path);
                areThere &= isThere;
                files[i] = new MapLogFile(disk.open(path, false), isThere ? disk.lengthBytes(path) : 0);
            }
            if (!areThere) {
                disk.syncFolder(folder);
            }
            if (end.isNew()) {
                files[end.file()].begin(end.turn(), end.sequence(), end.checksum());
            } else {
                files[end.file()].goOn(end.endBytes());
            }
            return new MapLog(files, end, blockBytes);
        } catch (IOException e) {
            for (MapLogFile file : files) {
                if (file != null) {
                    file.close();
                }
            }
            throw e;
        }
    }

    /**
     * Appends a record, in memory; {@link #write} follows. The caller holds what it changes, so the order of the records is that of the
     * changes.
     *
     * @return sequence number of the record
     */
    synchronized long append(List<LogRecord.Change> changes) {
        // Before the record can be written: whoever finds it written must find these, too.
        changes.forEach(unsynced::add);
        return append(new LogRecord(lastSequence + 1, changes));
    }

    /**
     * Returns the changes that have stored blocks and were appended since the last call; null if they have more than
     * {@link #MOST_KEPT_BYTES}. Data that are appended after it follow their changes.
     */
    synchronized @Nullable List<LogRecord.Change> takeUnsynced() {
        return unsynced.take();
    }

    /** Appends a record of data; otherwise like the method for changes. Borrows the data. */
    synchronized long append(LogRecord.Data data) {
        dataBytes += data.bytes().remaining();
        return append(new LogRecord(lastSequence + 1, data));
    }

    private long append(LogRecord record) {
        int bytes = record.bytes();
        if (bytes > appended.remaining()) {
            ByteBuffer larger =
                    ByteBuffer.allocateDirect(Math.max(2 * appended.capacity(), appended.position() + bytes));
            appended = larger.put(appended.flip());
        }
        lastChecksum = record.encode(appended, lastChecksum);
        lastSequence++;
        return lastSequence;
    }

    /** Returns whether {@link #requireGood} has nothing to do. Does not block. */
    boolean isGood() {
        return failure == null;
    }

    /** Throws if nothing may be appended: the log has failed, or the disk is full and what was appended before is not written yet. */
    void requireGood() throws IOException {
        IOException before = failure;
        if (before == null) {
            return;
        }
        if (!isFull(before)) {
            throw new IOException("the log of the map could not be written before: " + before.getMessage(), before);
        }
        write(lastSequence());
    }

    private static boolean isFull(IOException e) {
        return SystemErrors.toIoError(e) == IoError.NO_SPACE;
    }

    /** Writes all records up to {@code sequence}, with all that were appended meanwhile; returns at once if another thread has done it. */
    void write(long sequence) throws IOException {
        if (writtenSequence >= sequence) {
            return;
        }
        synchronized (writing) {
            if (writtenSequence < sequence) {
                IOException before = failure;
                if (before != null && !isFull(before)) {
                    throw new IOException("the log of the map could not be written before", before);
                }
                try {
                    writeTaken();
                    take();
                    writeTaken();
                    failure = null;
                } catch (IOException e) {
                    failure = e;
                    throw e;
                }
            }
        }
    }

    private void take() {
        synchronized (this) {
            ByteBuffer empty = taken.clear();
            taken = appended.flip();
            appended = empty;
            takenSequence = lastSequence;
        }
    }

    private void writeTaken() throws IOException {
        files[current].write(taken);
        writtenSequence = takenSequence;
    }

    /** Returns the sequence number of the last record that was written. */
    long writtenSequence() {
        return writtenSequence;
    }

    /** Syncs every record that was written before the call. */
    void sync() throws IOException {
        boolean both;
        int now;
        synchronized (writing) {
            both = beforeIsUnsynced;
            now = current;
        }
        if (both) {
            files[other(now)].sync();
        }
        files[now].sync();
        if (both) {
            synchronized (writing) {
                beforeIsUnsynced &= current != now;
            }
        }
    }

    /**
     * Writes all records, and changes to the other file. The caller sees to it that nothing is appended meanwhile, and that all changes in the
     * other file are in the database.
     *
     * @return sequence number of the last record before
     */
    long rotate() throws IOException {
        write(lastSequence());
        synchronized (writing) {
            int next = other(current);
            turn++;
            files[next].begin(turn, lastSequence(), lastChecksum());
            current = next;
            beforeIsUnsynced = true;
            forgetDataBytes();
            return writtenSequence;
        }
    }

    private synchronized void forgetDataBytes() {
        dataBytes = 0;
    }

    /**
     * Makes the file longer ahead of its end, so that a sync of records up to {@code bytes} bytes writes no metadata.
     *
     * @return false if the disk has no space for that
     */
    boolean makeRoom(int bytes) throws IOException {
        synchronized (writing) {
            return failure == null && files[current].makeRoom(bytes);
        }
    }

    /** Returns the number of bytes of data that were appended since the log was rotated. Does not block. */
    long dataBytes() {
        return dataBytes;
    }

    private static int other(int file) {
        return 1 - file;
    }

    /** Returns the sequence number of the last record that was appended. */
    synchronized long lastSequence() {
        return lastSequence;
    }

    private synchronized int lastChecksum() {
        return lastChecksum;
    }

    /** Returns the number of bytes in the current file. Does not block. */
    long bytes() {
        return files[current].endBytes();
    }

    /** Returns the number of bytes in each file that were written since it was begun. */
    long[] lengthsBytes() {
        synchronized (writing) {
            return new long[] {files[0].endBytes(), files[1].endBytes()};
        }
    }

    @Override
    public void close() {
        for (MapLogFile file : files) {
            file.close();
        }
    }
}
