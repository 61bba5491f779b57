package org.kiobd.store.rocksdb.data;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * One record of the {@link MapLog}: changes of the map that are there after a crash together or not at all, or the data of adjacent places.
 * Big-endian:
 *
 * <pre>
 *     0   u32   magic, which tells the kind of the record
 *     4   u32   length of the rest in bytes
 *     8   u64   sequence number, one more than in the record before
 *    16   u32   CRC-32C of the checksum of the record before, the bytes [4, 16) and the rest
 *    20         changes, or u64 first place and its data
 * </pre>
 *
 * A change that stores blocks: u64 first block, u32 count, u64 first place, count times u32 CRC-32C of the block. A change that clears
 * blocks: u64 first block, u32 0, u64 count. Immutable.
 *
 * <p>The checksum of the record before is part of each checksum, so that a record which an earlier use of the file left behind is not taken
 * for the next one.
 *
 * @param sequence sequence number, 1 or more
 * @param checksum its checksum, which is part of that of the next record; 0 in a record that is not encoded yet
 * @param changes the changes, in the order in which they apply; none if there are data
 * @param data what is at some places; null if there are changes
 */
record LogRecord(
        long sequence,
        int checksum,
        List<Change> changes,
        @Nullable Data data) {
    static final int HEADER_BYTES = 20;

    /** Larger than any operation can need; a length beyond it is not that of a record. */
    static final int MOST_BODY_BYTES = 1 << 20;

    private static final int MAGIC_CHANGES = 0x6B4D4C31;
    private static final int MAGIC_DATA = 0x6B4D4C32;
    private static final int CHANGE_BYTES = 20;

    /**
     * A change of adjacent blocks.
     *
     * @param firstBlock number of the first block
     * @param count number of blocks, 1 or more
     * @param firstPlace place of the first block, the others follow; {@link #CLEARED} if nothing is stored any more
     * @param checksums CRC-32C of each block; empty if the blocks are cleared
     */
    @SuppressWarnings("ArrayRecordComponent") // handled per block; nobody compares changes
    record Change(long firstBlock, long count, long firstPlace, int[] checksums) {
        static final long CLEARED = -1;

        static Change clear(long firstBlock, long count) {
            return new Change(firstBlock, count, CLEARED, new int[0]);
        }

        /** Returns the group of the first block. */
        long firstGroup() {
            return BlockGroup.of(firstBlock);
        }

        /** Returns the group of the last block. */
        long lastGroup() {
            return BlockGroup.of(firstBlock + count - 1);
        }

        boolean isClear() {
            return firstPlace == CLEARED;
        }

        private int bytes() {
            return CHANGE_BYTES + checksums.length * Integer.BYTES;
        }
    }

    /**
     * What is stored at adjacent places.
     *
     * @param firstPlace the first of the places
     * @param bytes whole blocks, from the position to the limit, which stay as they are
     */
    record Data(long firstPlace, ByteBuffer bytes) {
        private int encodedBytes() {
            return Long.BYTES + bytes.remaining();
        }
    }

    /** Makes a record of changes that is not encoded yet. */
    LogRecord(long sequence, List<Change> changes) {
        this(sequence, 0, changes, null);
    }

    /** Makes a record of data that is not encoded yet. */
    LogRecord(long sequence, Data data) {
        this(sequence, 0, List.of(), data);
    }

    /** Returns the position of data in an encoded record. */
    static int dataAtBytes() {
        return HEADER_BYTES + Long.BYTES;
    }

    /** Returns the encoded length. */
    int bytes() {
        int bytes = HEADER_BYTES + (data == null ? 0 : data.encodedBytes());
        for (Change change : changes) {
            bytes += change.bytes();
        }
        return bytes;
    }

    /**
     * Writes the record at the position of {@code out}, which has room for {@link #bytes}.
     *
     * @param before checksum of the record before
     * @return checksum of this record
     */
    int encode(ByteBuffer out, int before) {
        int start = out.position();
        out.putInt(data == null ? MAGIC_CHANGES : MAGIC_DATA)
                .putInt(bytes() - HEADER_BYTES)
                .putLong(sequence)
                .putInt(0);
        for (Change change : changes) {
            out.putLong(change.firstBlock).putInt(change.checksums.length);
            out.putLong(change.isClear() ? change.count : change.firstPlace);
            for (int checksum : change.checksums) {
                out.putInt(checksum);
            }
        }
        if (data != null) {
            out.putLong(data.firstPlace).put(data.bytes.duplicate());
        }
        int checksum = checksum(out, start, out.position(), before);
        out.putInt(start + HEADER_BYTES - Integer.BYTES, checksum);
        return checksum;
    }

    private static int checksum(ByteBuffer record, int start, int end, int before) {
        CRC32C checksum = new CRC32C();
        checksum.update(before);
        checksum.update(before >>> 8);
        checksum.update(before >>> 16);
        checksum.update(before >>> 24);
        checksum.update(record.slice(start + Integer.BYTES, HEADER_BYTES - 2 * Integer.BYTES));
        checksum.update(record.slice(start + HEADER_BYTES, end - start - HEADER_BYTES));
        return (int) checksum.getValue();
    }

    /**
     * Returns the record at the position of {@code in}, and moves the position after it; null, with the position unchanged, if there is no
     * valid record with this sequence number. Its data are a view of {@code in}.
     *
     * @param before checksum of the record before
     */
    static @Nullable LogRecord decode(ByteBuffer in, long sequence, int before) {
        int start = in.position();
        if (in.remaining() < HEADER_BYTES || in.getLong(start + 8) != sequence) {
            return null;
        }
        int magic = in.getInt(start);
        int bodyBytes = in.getInt(start + 4);
        boolean isData = magic == MAGIC_DATA;
        if ((!isData && magic != MAGIC_CHANGES)
                || bodyBytes < (isData ? Long.BYTES : 0)
                || bodyBytes > Math.min(MOST_BODY_BYTES, in.remaining() - HEADER_BYTES)) {
            return null;
        }
        int end = start + HEADER_BYTES + bodyBytes;
        int checksum = in.getInt(start + HEADER_BYTES - Integer.BYTES);
        if (checksum != checksum(in, start, end, before)) {
            return null;
        }
        List<Change> changes = new ArrayList<>();
        ByteBuffer body = in.slice(start + HEADER_BYTES, bodyBytes);
        Data data = isData ? data(body) : null;
        while (body.remaining() >= CHANGE_BYTES) {
            changes.add(change(body));
        }
        in.position(end);
        return new LogRecord(sequence, checksum, changes, data);
    }

    private static Data data(ByteBuffer body) {
        Data data = new Data(body.getLong(), body.slice());
        body.position(body.limit());
        return data;
    }

    private static Change change(ByteBuffer body) {
        long firstBlock = body.getLong();
        int stored = body.getInt();
        long value = body.getLong();
        if (stored == 0) {
            return Change.clear(firstBlock, value);
        }
        int[] checksums = new int[stored];
        for (int i = 0; i < stored; i++) {
            checksums[i] = body.getInt();
        }
        return new Change(firstBlock, stored, value, checksums);
    }
}
