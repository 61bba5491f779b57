package org.kiobd.store.rocksdb.data;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;

/**
 * The data of places that the log has, because a sync put them there in place of syncing the data files. They count for a place until a later
 * record names it. Used by one thread, at the opening of a member; afterwards it no longer changes.
 */
final class KeptData {
    private final int blockBytes;
    private final NavigableMap<Long, ByteBuffer> blocks = new TreeMap<>();
    private final Set<Long> belonging = new HashSet<>();

    KeptData(int blockBytes) {
        this.blockBytes = blockBytes;
    }

    boolean isEmpty() {
        return blocks.isEmpty();
    }

    /** Takes the data of a record. */
    void keep(LogRecord.Data data) {
        for (int i = 0; i < data.bytes().remaining() / blockBytes; i++) {
            blocks.put(data.firstPlace() + i, data.bytes().slice(i * blockBytes, blockBytes));
        }
    }

    /** Notes that a change has stored another block at {@code place} since. */
    void replaced(long place) {
        blocks.remove(place);
    }

    /** Returns whether the data of {@code place} are here and have this checksum. */
    boolean has(long place, int checksum) {
        ByteBuffer block = blocks.get(place);
        return block != null && BlockBytes.checksum(block) == checksum;
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

    /** Copies the block at {@code place}, if it is here, to the position of {@code into}, and moves the position after it. */
    boolean copyTo(long place, ByteBuffer into) {
        ByteBuffer block = blocks.get(place);
        if (block == null) {
            return false;
        }
        into.put(block.duplicate());
        return true;
    }

    /** Writes all blocks to their places. */
    void writeTo(DataFiles files) throws IOException {
        ByteBuffer direct = ByteBuffer.allocateDirect(blockBytes);
        for (Map.Entry<Long, ByteBuffer> one : blocks.entrySet()) {
            int checksum = BlockBytes.checksum(one.getValue());
            if (!files.isStored(one.getKey(), checksum)) {
                files.write(
                        one.getKey(),
                        direct.clear().put(one.getValue().duplicate()).flip());
            }
        }
    }
}
