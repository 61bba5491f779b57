package org.kiobd.store.rocksdb.data;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import org.kiobd.store.file.SystemErrors;
import org.kiobd.volume.IoError;

/**
 * One of the two files of a {@link MapLog}. Header, big-endian: u32 magic; u64 turn, one more than that of the other file when this one was begun;
 * u64 sequence number of the last record before; u32 checksum of that record; u32 CRC-32C of the header so far. The records follow. Used by one thread at a time, except for {@link #sync}.
 */
final class MapLogFile implements AutoCloseable {
    /** Number of files. */
    static final int FILES = 2;

    static final int HEADER_BYTES = 28;

    private static final int MAGIC = 0x6B4D4C30;
    private static final int CHECKED_BYTES = HEADER_BYTES - Integer.BYTES;

    /** How much longer a file becomes at a time. */
    private static final int AHEAD_BYTES = 2 << 20;

    /**
     * Bytes of zeros that one call writes. The kernel caches a large write in one large folio, and each later sync then scans the whole
     * folio, even if only a few bytes of it have changed.
     */
    private static final int PIECE_BYTES = 8 << 10;

    private final BlockFile file;
    private volatile long endBytes;
    private long lengthBytes;

    /**
     * The header of a file.
     *
     * @param turn how often a file of the log was begun by then
     * @param before sequence number of the last record before
     * @param checksum checksum of that record
     */
    record Header(long turn, long before, int checksum) {}

    /** Takes the file. */
    MapLogFile(BlockFile file, long lengthBytes) {
        this.file = file;
        this.lengthBytes = lengthBytes;
    }

    /** Returns the path of a file, 0 or 1. */
    static Path path(Path folder, int file) {
        return folder.resolve("map-log-" + file);
    }

    /** Returns the header at the start of {@code file}, with its position after it; null if there is none. */
    static @Nullable Header header(ByteBuffer file) {
        if (file.remaining() < HEADER_BYTES || file.getInt() != MAGIC) {
            return null;
        }
        Header header = new Header(file.getLong(), file.getLong(), file.getInt());
        return file.getInt() == checksum(file) ? header : null;
    }

    private static int checksum(ByteBuffer header) {
        CRC32C checksum = new CRC32C();
        checksum.update(header.slice(0, CHECKED_BYTES));
        return (int) checksum.getValue();
    }

    /** Begins the file again: the next record follows the one with sequence number {@code before}. */
    void begin(long turn, long before, int checksum) throws IOException {
        ByteBuffer header = ByteBuffer.allocateDirect(HEADER_BYTES);
        header.putInt(MAGIC).putLong(turn).putLong(before).putInt(checksum);
        header.putInt(checksum(header));
        endBytes = 0;
        write(header.flip());
    }

    /** Goes on after the byte {@code atBytes}. */
    void goOn(long atBytes) {
        endBytes = atBytes;
    }

    /** Writes from the position of {@code records} to its limit; after a failure, what was not written remains. */
    void write(ByteBuffer records) throws IOException {
        while (records.hasRemaining()) {
            long atBytes = endBytes;
            endBytes = atBytes + file.write(records, atBytes);
            lengthBytes = Math.max(lengthBytes, endBytes);
        }
    }

    /**
     * Writes zeros after the end of the file, unless {@code bytes} more bytes fit into its length.
     *
     * @return false if the disk has no space for that
     */
    boolean makeRoom(int bytes) throws IOException {
        if (endBytes + bytes <= lengthBytes) {
            return true;
        }
        ByteBuffer zeros = ByteBuffer.allocateDirect(PIECE_BYTES);
        long wantedBytes = lengthBytes + AHEAD_BYTES;
        try {
            while (lengthBytes < wantedBytes) {
                lengthBytes += file.write(zeros.clear(), lengthBytes);
            }
        } catch (IOException e) {
            if (SystemErrors.toIoError(e) != IoError.NO_SPACE) {
                throw e;
            }
        }
        return endBytes + bytes <= lengthBytes;
    }

    void sync() throws IOException {
        file.sync();
    }

    long endBytes() {
        return endBytes;
    }

    @Override
    public void close() {
        file.close();
    }
}
