package org.kiobd.store.rocksdb.data;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The data of places that the log has, because a sync put them there in place of syncing the data files. They count for a place until a later
 * record names it. The data stay in the log; this knows where. Filled by one thread, at the opening of a member; afterwards it no longer
 * changes and is thread-safe. Calls block.
 */
final class KeptData implements AutoCloseable {
    private final Path folder;
    private final Disk disk;
    private final int blockBytes;
    private final NavigableMap<Long, InLog> blocks = new TreeMap<>();
    private final Set<Long> belonging = new HashSet<>();
    private final @Nullable BlockFile[] logs = new BlockFile[MapLogFile.FILES];

    /** A block in the log. */
    private record InLog(int file, long atBytes, int checksum) {}

    /** @param folder the folder of the log, whose files are opened when they are needed */
    KeptData(Path folder, Disk disk, int blockBytes) {
        this.folder = folder;
        this.disk = disk;
        this.blockBytes = blockBytes;
    }

    boolean isEmpty() {
        return blocks.isEmpty();
    }

    /**
     * Notes the data of a record; borrows them.
     *
     * @param file number of the log file that has them
     * @param atBytes their position there
     */
    void keep(LogRecord.Data data, int file, long atBytes) {
        for (int i = 0; i < data.bytes().remaining() / blockBytes; i++) {
            int checksum = BlockBytes.checksum(data.bytes().slice(i * blockBytes, blockBytes));
            blocks.put(data.firstPlace() + i, new InLog(file, atBytes + (long) i * blockBytes, checksum));
        }
    }

    /** Notes that a change has stored another block at {@code place} since. */
    void replaced(long place) {
        blocks.remove(place);
    }

    /** Returns whether the data of {@code place} are here and have this checksum. */
    boolean has(long place, int checksum) {
        InLog block = blocks.get(place);
        return block != null && block.checksum == checksum;
    }

    /** Notes that the map has a block with this checksum at {@code place}; other data of that place are dropped. */
    void belongs(long place, int checksum) {
        if (has(place, checksum)) {
            belonging.add(place);
        } else {
            blocks.remove(place);
        }
    }

    /** Drops the data of places that the map does not name: they are free. */
    void dropOthers() {
        blocks.keySet().retainAll(belonging);
    }

    /** Reads the block at {@code place}, if it is here, to the position of {@code into}, and moves the position after it. */
    boolean copyTo(long place, ByteBuffer into) throws IOException {
        InLog block = blocks.get(place);
        if (block == null) {
            return false;
        }
        read(block, into);
        return true;
    }

    private void read(InLog block, ByteBuffer into) throws IOException {
        int limit = into.limit();
        into.limit(into.position() + blockBytes);
        long atBytes = block.atBytes;
        while (into.hasRemaining()) {
            int bytes = log(block.file).read(into, atBytes);
            if (bytes < 0) {
                throw new EOFException(MapLogFile.path(folder, block.file) + " ends at byte " + atBytes);
            }
            atBytes += bytes;
        }
        into.limit(limit);
    }

    private synchronized BlockFile log(int file) throws IOException {
        BlockFile open = logs[file];
        if (open == null) {
            open = disk.open(MapLogFile.path(folder, file), true);
            logs[file] = open;
        }
        return open;
    }

    /** Writes all blocks to their places. */
    void writeTo(DataFiles files) throws IOException {
        ByteBuffer direct = ByteBuffer.allocateDirect(blockBytes);
        for (Map.Entry<Long, InLog> one : blocks.entrySet()) {
            if (!files.isStored(one.getKey(), one.getValue().checksum)) {
                read(one.getValue(), direct.clear());
                files.write(one.getKey(), direct.flip());
            }
        }
    }

    @Override
    public synchronized void close() {
        for (int i = 0; i < logs.length; i++) {
            if (logs[i] != null) {
                logs[i].close();
                logs[i] = null;
            }
        }
    }
}
