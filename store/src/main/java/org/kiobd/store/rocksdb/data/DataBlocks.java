package org.kiobd.store.rocksdb.data;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongConsumer;
import org.kiobd.store.MemberOp;
import org.kiobd.store.StallWatch;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.ByteRange;
import org.kiobd.volume.Extent;
import org.kiobd.volume.ExtentList;

/**
 * The blocks of a member in data files: a block is written to a free place, never over the place that it had before, and then the map
 * changes. So each byte is written once, and a crash at any time leaves the block as it was or as it is to be. A block of zeros is not stored.
 *
 * <p>Owns its files, the map and its log, and the thread that keeps them; borrows the table. Thread-safe; calls block.
 */
public final class DataBlocks implements AutoCloseable {
    /** Number of groups whose blocks one record clears. */
    private static final int CLEARED_GROUPS = 1024;

    private final DataOpening.Parts parts;
    private final int blockBytes;
    private final BlockMap map;
    private final Keeper keeper;
    private final BlockGuards guards = new BlockGuards();
    private final DataReads reads;
    private final DataWrites writes;

    /**
     * What a member gives its blocks.
     *
     * @param folder existing folder of the data files and the log
     * @param blockBytes bytes of a block, 4096 to 65536, a power of two
     * @param table the map in the database; borrowed
     * @param synced sequence number of the last change of the map that was synced; 0 if unknown
     * @param mark receives that number after each sync
     * @param calls counts the calls that move or sync data
     */
    public record Setup(
            Path folder,
            int blockBytes,
            boolean readOnly,
            MapTable table,
            long synced,
            LongConsumer mark,
            LongAdder calls) {}

    private DataBlocks(DataOpening.Parts parts) {
        this.parts = parts;
        this.blockBytes = parts.setup().blockBytes;
        this.map = parts.map();
        this.keeper = new Keeper(parts);
        this.reads = new DataReads(parts);
        this.writes = new DataWrites(parts, keeper, reads);
    }

    /**
     * Opens the blocks of a member, or makes them if there are none yet; replays the log.
     *
     * @throws BlockIoException if something is missing or damaged; nothing was changed
     */
    public static DataBlocks open(Setup setup) throws IOException {
        return open(setup, Disk.FILE_SYSTEM);
    }

    static DataBlocks open(Setup setup, Disk disk) throws IOException {
        return new DataBlocks(DataOpening.open(setup, disk));
    }

    /**
     * Lets the thread begin that puts changes into the database and gives space back. Called once, if the member is open for writing.
     *
     * @param sync calls {@link #sync} such that no other sync runs; returns 0, or the failure
     */
    public void start(Keeper.Sync sync) {
        prepare(sync);
        keeper.start();
    }

    /** Sets how to sync, without starting the thread's regular looks. */
    void prepare(Keeper.Sync sync) {
        keeper.prepare(sync);
    }

    /** Returns whether {@code op} begins and ends at the bounds of blocks. */
    public boolean isWhole(MemberOp op) {
        return op.offsetBytes() % blockBytes == 0 && op.lengthBytes() % blockBytes == 0;
    }

    private BlockGuards.Wanted wanted(MemberOp[] ops, int from, int to) {
        BlockGuards.Wanted wanted = new BlockGuards.Wanted();
        for (int i = from; i < to; i++) {
            wanted.add(ops[i], blockBytes);
        }
        return wanted;
    }

    /** Executes the WRITEs {@code [from, to)}, which are in the log together; on return they survive the process. */
    public void write(MemberOp[] ops, int from, int to) throws IOException {
        keeper.awaitRoom();
        try (BlockGuards.Held held = guards.take(wanted(ops, from, to))) {
            writes.write(ops, from, to, true);
        }
        keeper.changed();
    }

    /**
     * Executes WRITEs like {@link #write}, without waiting for anything but the page cache; returns false, with nothing done, if that cannot
     * be.
     */
    public boolean writeNow(MemberOp[] ops, int from, int to) throws IOException {
        for (int i = from; i < to; i++) {
            long first = ops[i].offsetBytes() / blockBytes;
            long last = (ops[i].offsetBytes() + ops[i].lengthBytes() - 1) / blockBytes;
            if (!isWhole(ops[i]) || !map.isInMemory(first, last)) {
                return false;
            }
        }
        if (!keeper.hasRoom() || writes.isFull()) {
            return false;
        }
        BlockGuards.Wanted wanted = wanted(ops, from, to);
        try (BlockGuards.Held held = guards.tryTake(wanted)) {
            if (held == null) {
                return false;
            }
            writes.write(ops, from, to, false);
        } catch (DataWrites.WouldWaitException e) {
            return false;
        }
        keeper.changed();
        return true;
    }

    /** Executes a TRIM or WRITE_ZEROES: clears whole blocks and zeroes partial blocks at the two ends. */
    public void clear(MemberOp op) throws IOException {
        long start = op.offsetBytes();
        long end = start + op.lengthBytes();
        try (BlockGuards.Held held = guards.take(wanted(new MemberOp[] {op}, 0, 1))) {
            long firstWhole = (start + blockBytes - 1) / blockBytes;
            long endWhole = end / blockBytes;
            writes.clearParts(start, end);
            if (firstWhole < endWhole) {
                clearWhole(firstWhole, endWhole);
            }
        }
        keeper.changed();
    }

    private void clearWhole(long firstBlock, long endBlock) throws IOException {
        long at = firstBlock;
        while (at < endBlock) {
            keeper.awaitRoom();
            List<LogRecord.Change> changes = new ArrayList<>();
            int[] groups = {0};
            long from = at;
            long[] next = {endBlock};
            map.walk(BlockGroup.of(at), BlockGroup.of(endBlock - 1), (number, stored) -> {
                if (groups[0]++ == CLEARED_GROUPS) {
                    next[0] = BlockGroup.first(number);
                    return false;
                }
                long first = Math.max(from, BlockGroup.first(number));
                long end = Math.min(endBlock, BlockGroup.first(number + 1));
                changes.add(LogRecord.Change.clear(first, end - first));
                return true;
            });
            if (!changes.isEmpty()) {
                writes.clear(changes);
                keeper.changed();
            }
            at = next[0];
        }
    }

    /**
     * Executes a READ up to the first block that cannot be read; {@code reading} then tells how many bytes are done.
     *
     * @throws IOException the error that ended the READ early
     */
    public void read(BlockReading reading) throws IOException {
        reads.read(reading, true);
    }

    /** Executes a READ without waiting for the disk; returns false, with the READ still to be done, if that cannot be. */
    public boolean readNow(BlockReading reading) throws IOException {
        return reads.read(reading, false);
    }

    /** Returns which blocks are stored, by the rules of {@link org.kiobd.volume.BlockDevice#extents}. */
    public List<Extent> extents(ByteRange range, int maxExtents) throws IOException {
        ExtentList extents = new ExtentList(maxExtents);
        long[] at = {range.offsetBytes()};
        long first = BlockGroup.of(range.offsetBytes() / blockBytes);
        long last = BlockGroup.of((range.endBytes() - 1) / blockBytes);
        boolean[] goesOn = {true};
        parts.setup().calls.increment();
        map.walk(first, last, (number, stored) -> {
            for (int i = 0; i < BlockGroup.BLOCKS && goesOn[0] && at[0] < range.endBytes(); i++) {
                long startBytes = (BlockGroup.first(number) + i) * blockBytes;
                long endBytes = Math.min(startBytes + blockBytes, range.endBytes());
                if (stored[i] != BlockGroup.NONE && endBytes > at[0]) {
                    if (startBytes > at[0]) {
                        goesOn[0] = extents.add(startBytes - at[0], Extent.Kind.HOLE);
                        at[0] = startBytes;
                    }
                    if (goesOn[0]) {
                        goesOn[0] = extents.add(endBytes - at[0], Extent.Kind.DATA);
                        at[0] = endBytes;
                    }
                }
            }
            return goesOn[0] && at[0] < range.endBytes();
        });
        if (goesOn[0] && at[0] < range.endBytes()) {
            extents.add(range.endBytes() - at[0], Extent.Kind.HOLE);
        }
        return extents.finish();
    }

    /** Makes every write that has returned durable. One thread at a time. */
    public void sync() throws IOException {
        MapLog log = parts.log();
        if (log == null) {
            return;
        }
        parts.setup().calls.increment();
        long target = log.writtenSequence();
        parts.places().syncBegins();
        List<LogRecord.Change> unsynced = log.takeUnsynced();
        boolean whole = keeper.takeWholeSyncDue() || parts.files().hasNewFiles();
        boolean done = false;
        try {
            if (whole || unsynced == null || !writes.keep(unsynced)) {
                parts.files().sync();
            }
            log.sync();
            done = true;
        } finally {
            if (!done) {
                // The changes were taken from the list.
                keeper.nextSyncIsWhole();
            }
        }
        parts.setup().mark.accept(target);
        keeper.punch(parts.places().synced(target));
        keeper.changed();
    }

    /** Puts all changes into the database, and gives the space of cleared blocks back to the disk. */
    public void reclaimNow() throws IOException {
        keeper.checkpointNow();
    }

    /** Gives the space of all places that can be taken back to the disk. */
    void giveSpareBack() {
        keeper.giveSpareBack();
    }

    /** Returns the bytes that the data files take; places that wait to be freed count. */
    public long allocatedBytes() {
        return parts.places().usedCount() * blockBytes;
    }

    /** Returns an upper bound of the space that the part of the map takes that is in memory only. */
    public long unwrittenBytes() {
        return map.inMemoryCount() * BlockGroup.MOST_BYTES;
    }

    /** Returns how many reads found a block whose checksum was wrong. */
    public long damagedReads() {
        return reads.damaged();
    }

    /** Returns the waits of changes until others were put into the database or synced. */
    public StallWatch waits() {
        return keeper.waits();
    }

    /** Begins a copy in {@code to}, an existing folder, that shares the data files. */
    public DataCopy copyTo(Path to, LongConsumer copyMark) throws IOException {
        return DataCopy.begin(parts, keeper, to, copyMark);
    }

    /**
     * Gives space back for a moment, ends the work in the background, and lets the next sync be a whole one. Returns false if the work has not
     * ended after {@code timeoutS} seconds.
     */
    public boolean stop(int timeoutS) {
        boolean ended = keeper.stop(timeoutS);
        keeper.nextSyncIsWhole();
        return ended;
    }

    /** Closes the files. The caller has stopped the work in the background, and synced. */
    @Override
    public void close() {
        keeper.stop(0);
        parts.close();
    }
}
