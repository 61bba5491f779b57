package org.kiobd.store.rocksdb.data;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Where a log ends, and where it goes on.
 *
 * @param turn turn of the file, see {@link MapLogFile.Header}
 * @param file the file that has the last record
 * @param endBytes the end of that record in the file; 0 if the file must be begun
 * @param sequence sequence number of the last record
 * @param checksum its checksum
 * @param needsBoth whether both files have records that the database does not have
 */
record MapLogEnd(long turn, int file, long endBytes, long sequence, int checksum, boolean needsBoth) {
    private static final int READ_BYTES = 4 << 20;

    boolean isNew() {
        return endBytes == 0;
    }

    /** Reads both files up to the last valid record. Changes nothing. */
    private static final class Reader {
        private final Path folder;
        private final Disk disk;
        private final long inTable;
        private final Receiver records;
        private final ByteBuffer buffer = ByteBuffer.allocateDirect(READ_BYTES);

        Reader(Path folder, Disk disk, long inTable, Receiver records) {
            this.folder = folder;
            this.disk = disk;
            this.inTable = inTable;
            this.records = records;
        }

        private MapLogFile.@Nullable Header header(int file) throws IOException {
            Path path = MapLogFile.path(folder, file);
            if (!disk.exists(path)) {
                return null;
            }
            try (BlockFile opened = disk.open(path, true)) {
                buffer.clear().limit(MapLogFile.HEADER_BYTES);
                read(opened, 0);
                return MapLogFile.header(buffer);
            }
        }

        private void fill(BlockFile opened, long atBytes) throws IOException {
            buffer.clear();
            read(opened, atBytes);
        }

        /** Fills the buffer up to its limit or the end of the file. */
        private void read(BlockFile opened, long atBytes) throws IOException {
            int bytes = opened.read(buffer, atBytes);
            while (bytes > 0) {
                bytes = opened.read(buffer, atBytes + buffer.position());
            }
            buffer.flip();
        }

        /** Reads the records of a file; those that the table has are skipped. */
        MapLogEnd read(int file, MapLogFile.Header header) throws IOException {
            long sequence = header.before();
            int checksum = header.checksum();
            long atBytes = MapLogFile.HEADER_BYTES;
            try (BlockFile opened = disk.open(MapLogFile.path(folder, file), true)) {
                while (true) {
                    fill(opened, atBytes);
                    LogRecord record = LogRecord.decode(buffer, sequence + 1, checksum);
                    if (record == null) {
                        return new MapLogEnd(header.turn(), file, atBytes, sequence, checksum, false);
                    }
                    int recordAt = 0;
                    while (record != null) {
                        if (record.sequence() > inTable) {
                            records.record(record, file, atBytes + recordAt);
                        }
                        recordAt = buffer.position();
                        sequence = record.sequence();
                        checksum = record.checksum();
                        record = LogRecord.decode(buffer, sequence + 1, checksum);
                    }
                    atBytes += buffer.position();
                }
            }
        }
    }

    /** Receives the records of a log. */
    @FunctionalInterface
    interface Receiver {
        /**
         * @param record a record, whose data are valid during the call only
         * @param file number of the log file that has it
         * @param atBytes its position there
         */
        void record(LogRecord record, int file, long atBytes) throws IOException;
    }

    /**
     * Reads the log in {@code folder} up to its last valid record. Changes nothing.
     *
     * @param inTable sequence number of the last change that is in the database
     * @param records receives the records after that one, in ascending order
     */
    static MapLogEnd read(Path folder, Disk disk, long inTable, Receiver records) throws IOException {
        Reader reader = new Reader(folder, disk, inTable, records);
        MapLogFile.Header zero = reader.header(0);
        MapLogFile.Header one = reader.header(1);
        int newest = zero == null || (one != null && one.turn() > zero.turn()) ? 1 : 0;
        MapLogFile.Header newer = newest == 1 ? one : zero;
        MapLogFile.Header older = newest == 1 ? zero : one;
        if (newer == null) {
            return new MapLogEnd(1, 0, 0, inTable, 0, false);
        }
        if (newer.before() <= inTable) {
            return orNew(reader.read(newest, newer), newer, inTable);
        }
        if (older == null || older.before() > inTable) {
            return new MapLogEnd(newer.turn() + 1, 1 - newest, 0, inTable, 0, false);
        }
        MapLogEnd end = reader.read(1 - newest, older);
        if (end.sequence() != newer.before() || end.checksum() != newer.checksum()) {
            // The change to the newer file, or the end of the older one, was lost in a crash.
            return orNew(end, newer, inTable);
        }
        MapLogEnd last = reader.read(newest, newer);
        return new MapLogEnd(newer.turn(), newest, last.endBytes, last.sequence, last.checksum, true);
    }

    /** A log that ends before what the database has is begun again. */
    private static MapLogEnd orNew(MapLogEnd end, MapLogFile.Header newer, long inTable) {
        return end.sequence() >= inTable ? end : new MapLogEnd(newer.turn() + 1, end.file, 0, inTable, 0, false);
    }
}
