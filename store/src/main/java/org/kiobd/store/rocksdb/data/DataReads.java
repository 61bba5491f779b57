package org.kiobd.store.rocksdb.data;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.LongAdder;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;

/**
 * Reads blocks: looks up their places, reads adjacent places by one call into the memory of the request, and verifies the checksum of each
 * block. A place may be freed and taken again between the two, which shows as a wrong checksum and a changed map; the block then is read
 * again. Thread-safe; calls block.
 */
final class DataReads {
    /** Number of blocks that are looked up together. */
    private static final int WINDOW = 64;

    /** The blocks cannot be read without waiting. */
    private static final int NOT_NOW = -1;

    private final BlockMap map;
    private final DataFiles files;
    private final int blockBytes;
    private final LongAdder calls;
    private final LongAdder damaged = new LongAdder();
    private final ThreadLocal<Scratch> scratch;

    /** Memory of one thread. */
    private static final class Scratch {
        private final long[] places = new long[WINDOW];
        private final int[] checksums = new int[WINDOW];
        private final long[] place = new long[1];
        private final int[] checksum = new int[1];
        private final ByteBuffer block;

        Scratch(int blockBytes) {
            block = ByteBuffer.allocateDirect(blockBytes);
        }
    }

    DataReads(DataOpening.Parts parts) {
        this.map = parts.map();
        this.files = parts.files();
        this.blockBytes = parts.setup().blockBytes();
        this.calls = parts.setup().calls();
        this.scratch = ThreadLocal.withInitial(() -> new Scratch(blockBytes));
    }

    long damaged() {
        return damaged.sum();
    }

    /**
     * Executes a READ up to the first block that cannot be read.
     *
     * @param mayWait whether to wait for the disk and for other threads
     * @return false, with the READ still to be done, if it would have to, and must not
     */
    boolean read(BlockReading reading, boolean mayWait) throws IOException {
        Scratch mine = scratch.get();
        long last = (reading.endBytes() - 1) / blockBytes;
        long block = reading.startBytes() / blockBytes;
        while (block <= last) {
            int count = (int) Math.min(WINDOW, last - block + 1);
            if (!map.lookUp(block, count, mine.places, mine.checksums, mayWait)) {
                return false;
            }
            int i = 0;
            while (i < count) {
                if (mine.places[i] == BlockGroup.NONE) {
                    i++;
                    reading.missingUpTo((block + i) * blockBytes);
                } else {
                    i = readRun(reading, block, i, count, mayWait);
                    if (i == NOT_NOW) {
                        return false;
                    }
                }
            }
            block += count;
        }
        reading.missingUpTo(reading.endBytes());
        return true;
    }

    private static int runEnd(int from, int count, Scratch mine) {
        int end = from + 1;
        while (end < count
                && mine.places[end] == mine.places[end - 1] + 1
                && FreePlaces.position(mine.places[end]) != 0) {
            end++;
        }
        return end;
    }

    /**
     * Reads the blocks at adjacent places from window index {@code from} on.
     *
     * @return the index after the last one, or {@link #NOT_NOW}
     */
    private int readRun(BlockReading reading, long firstBlock, int from, int count, boolean mayWait)
            throws IOException {
        Scratch mine = scratch.get();
        int end = runEnd(from, count, mine);
        ByteBuffer into = reading.into(firstBlock + from, end - from, mine.block);
        end = from + into.remaining() / blockBytes;
        boolean isRead = isRead(mine.places[from], into, mayWait);
        for (int i = from; i < end; i++) {
            into.limit((i - from + 1) * blockBytes).position((i - from) * blockBytes);
            if (isRead && BlockBytes.checksum(into) == mine.checksums[i]) {
                reading.found(firstBlock + i, into);
            } else if (mayWait) {
                readAgain(reading, firstBlock + i, mine);
            } else {
                return NOT_NOW;
            }
        }
        return end;
    }

    private boolean isRead(long place, ByteBuffer into, boolean mayWait) {
        calls.increment();
        try {
            if (!mayWait) {
                return files.readCached(place, into);
            }
            files.read(place, into);
            return true;
        } catch (IOException e) {
            // Of several blocks, one may be unreadable; each is read again by itself, which tells the error.
            return false;
        }
    }

    /** Reads one block whose place may have changed. */
    private void readAgain(BlockReading reading, long block, Scratch mine) throws IOException {
        if (find(block, mine)) {
            reading.copied(block, mine.block);
        } else {
            reading.missingUpTo((block + 1) * blockBytes);
        }
    }

    /** Reads a block into the scratch block; returns false if it is not stored. */
    private boolean find(long block, Scratch mine) throws IOException {
        long triedPlace = BlockGroup.NONE;
        int triedChecksum = 0;
        while (true) {
            map.lookUp(block, 1, mine.place, mine.checksum, true);
            if (mine.place[0] == BlockGroup.NONE) {
                return false;
            }
            boolean again = mine.place[0] == triedPlace && mine.checksum[0] == triedChecksum;
            triedPlace = mine.place[0];
            triedChecksum = mine.checksum[0];
            try {
                calls.increment();
                files.read(triedPlace, mine.block.clear().limit(blockBytes));
            } catch (IOException e) {
                if (again) {
                    damaged.increment();
                    throw e;
                }
                continue;
            }
            mine.block.clear().limit(blockBytes);
            if (BlockBytes.checksum(mine.block) == triedChecksum) {
                return true;
            }
            if (again) {
                damaged.increment();
                throw new BlockIoException(
                        IoError.IO,
                        "block=" + block + " has a wrong checksum: " + files.path(FreePlaces.file(triedPlace))
                                + " at byte " + (long) FreePlaces.position(triedPlace) * blockBytes);
            }
        }
    }

    /** Reads a whole block, or zeros if it is not stored, into {@code into}, from its position on, by {@code blockBytes}. */
    void read(long block, ByteBuffer into) throws IOException {
        Scratch mine = scratch.get();
        if (find(block, mine)) {
            into.put(mine.block.clear().limit(blockBytes));
        } else {
            for (int i = 0; i < blockBytes / Long.BYTES; i++) {
                into.putLong(0);
            }
        }
    }
}
