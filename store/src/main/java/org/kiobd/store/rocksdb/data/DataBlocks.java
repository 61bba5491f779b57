package org.kiobd.store.rocksdb.data;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;
import org.kiobd.store.MemberOp;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.ByteRange;
import org.kiobd.volume.Extent;
import org.kiobd.volume.ExtentList;
import org.kiobd.volume.IoError;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The blocks of a member in data files: a block is written to a free place, never over the place that it had before, and then the map
 * changes. So each byte is written once, and a crash at any time leaves the block as it was or as it is to be. A block of zeros is not stored.
 *
 * <p>Owns its files, the map and its log, and the thread that keeps them; borrows the table. Thread-safe; calls block.
 */
public final class DataBlocks implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(DataBlocks.class);

    /** Number of groups whose blocks one record clears. */
    private static final int CLEARED_GROUPS = 1024;

    /** Number of changes in one record of corrections. */
    private static final int CORRECTED = 8192;

    private final Setup setup;
    private final int blockBytes;
    private final DataFiles files;
    private final FreePlaces places;
    private final @Nullable MapLog log;
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

    private DataBlocks(Setup setup, DataFiles files, FreePlaces places, @Nullable MapLog log, BlockMap map) {
        this.setup = setup;
        this.blockBytes = setup.blockBytes;
        this.files = files;
        this.places = places;
        this.log = log;
        this.map = map;
        this.keeper = new Keeper(files, places, log, map, blockBytes);
        this.reads = new DataReads(map, files, setup);
        this.writes = new DataWrites(map, files, places, log, keeper, reads, setup);
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
        DataFiles files = new DataFiles(setup.folder, disk, setup.blockBytes, setup.readOnly);
        MapLog log = null;
        boolean isOpen = false;
        try {
            long inTable = setup.table.sequence();
            MapReplay replay = new MapReplay(setup.table, files, setup.synced);
            List<LogRecord> records = new ArrayList<>();
            MapLogEnd end = MapLogEnd.read(setup.folder, disk, inTable, records::add);
            if (end.sequence() < setup.synced) {
                throw new BlockIoException(
                        IoError.IO,
                        setup.folder
                                + " is damaged and was not opened; nothing in it was changed: its log of the map ends"
                                + " at change=" + end.sequence() + " and was synced up to change=" + setup.synced
                                + "; put its map-log files right, or delete kiobd.synced to go on without the changes"
                                + " between");
            }
            for (LogRecord record : records) {
                replay.apply(record);
            }
            NavigableMap<Long, BlockGroup> replayed = replay.finish();
            FreePlaces places = places(setup, files, replayed);
            if (!setup.readOnly) {
                log = MapLog.open(setup.folder, disk, end);
            }
            BlockMap map = new BlockMap(setup.table, log, replayed);
            DataBlocks opened = new DataBlocks(setup, files, places, log, map);
            if (log != null) {
                opened.makeDurable(log, end, replay);
            }
            isOpen = true;
            return opened;
        } finally {
            if (!isOpen) {
                files.close();
                if (log != null) {
                    log.close();
                }
            }
        }
    }

    /**
     * Marks the places of all blocks as used; checks that the files that have them are there. If a part of the map is damaged, no place of
     * these files can be free.
     */
    private static FreePlaces places(Setup setup, DataFiles files, NavigableMap<Long, BlockGroup> replayed)
            throws IOException {
        FreePlaces places = new FreePlaces();
        boolean isDamaged = false;
        try {
            setup.table.walk(0, Long.MAX_VALUE, (number, value) -> {
                if (!replayed.containsKey(number)) {
                    mark(places, number, BlockMap.decode(number, value));
                }
                return true;
            });
            for (Map.Entry<Long, BlockGroup> group : replayed.entrySet()) {
                mark(places, group.getKey(), group.getValue());
            }
        } catch (BlockIoException e) {
            LOG.warn(
                    "{}: the map of the blocks is damaged: {}; READs of the part that is lost fail with EIO, the rest is"
                            + " unharmed; the data files are not overwritten from now on: copy the volume",
                    setup.folder,
                    e.getMessage());
            isDamaged = true;
        }
        for (int file = 0; file < places.files(); file++) {
            if (places.isUsed(file) && !files.exists(file)) {
                throw new BlockIoException(
                        IoError.IO,
                        setup.folder + " is damaged and was not opened; nothing in it was changed: "
                                + files.path(file).getFileName() + " is missing; put it back");
            }
        }
        places.addFiles(files.count());
        for (int file = 0; file < places.files(); file++) {
            places.mayBeAllocated(file, files.placesIn(file));
            if (files.isShared(file)) {
                places.share(file);
            }
        }
        if (isDamaged) {
            places.seal();
        }
        return places;
    }

    private static void mark(FreePlaces places, long number, BlockGroup group) throws BlockIoException {
        for (int i = 0; i < BlockGroup.BLOCKS; i++) {
            if (group.place(i) != BlockGroup.NONE && !places.markUsed(group.place(i))) {
                throw new BlockIoException(
                        IoError.IO,
                        "block=" + (BlockGroup.first(number) + i) + " has the place of another block, place="
                                + group.place(i));
            }
        }
    }

    /** Makes what the log has said durable, before anything is written: the places that it has freed are free from now on. */
    private void makeDurable(MapLog open, MapLogEnd end, MapReplay replay) throws IOException {
        if (!replay.corrections().isEmpty()) {
            List<LogRecord.Change> corrections = replay.corrections();
            for (int from = 0; from < corrections.size(); from += CORRECTED) {
                int to = Math.min(corrections.size(), from + CORRECTED);
                open.write(open.append(corrections.subList(from, to)));
            }
        }
        // A record without changes: one that a power cut has torn out before it must not become valid again.
        open.write(open.append(List.of()));
        if (end.sequence() > setup.synced) {
            files.syncAll(places.files());
        }
        open.sync();
        setup.mark.accept(open.writtenSequence());
        if (end.needsBoth()) {
            // The log can only go on in a file whose changes are in the database.
            map.checkpointFirst();
        }
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
            long start = ops[i].offsetBytes();
            long end = start + ops[i].lengthBytes();
            long first = start / blockBytes;
            long last = (end - 1) / blockBytes;
            boolean lastPart = end % blockBytes != 0;
            wanted.add(first, last, start % blockBytes != 0 || (first == last && lastPart), lastPart);
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
        reads.read(reading);
    }

    /** Executes a READ without waiting for the disk; returns false, with the READ still to be done, if that cannot be. */
    public boolean readNow(BlockReading reading) {
        return reads.readNow(reading);
    }

    /** Returns which blocks are stored, by the rules of {@link org.kiobd.volume.BlockDevice#extents}. */
    public List<Extent> extents(ByteRange range, int maxExtents) throws IOException {
        ExtentList extents = new ExtentList(maxExtents);
        long[] at = {range.offsetBytes()};
        long first = BlockGroup.of(range.offsetBytes() / blockBytes);
        long last = BlockGroup.of((range.endBytes() - 1) / blockBytes);
        boolean[] goesOn = {true};
        setup.calls.increment();
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
        if (log == null) {
            return;
        }
        setup.calls.increment();
        long target = log.writtenSequence();
        places.syncBegins();
        files.sync();
        log.sync();
        setup.mark.accept(target);
        keeper.punch(places.synced(target));
    }

    /** Puts all changes into the database, and gives the space of cleared blocks back to the disk. */
    public void reclaimNow() throws IOException {
        keeper.checkpointNow();
    }

    /** Returns the bytes that the data files take; places that wait to be freed count. */
    public long allocatedBytes() {
        return places.usedCount() * blockBytes;
    }

    /** Returns an upper bound of the space that the part of the map takes that is in memory only. */
    public long unwrittenBytes() {
        return map.inMemoryCount() * BlockGroup.MOST_BYTES;
    }

    /** Returns how many reads found a block whose checksum was wrong. */
    public long damagedReads() {
        return reads.damaged();
    }

    /** Returns how often changes had to wait until others were put into the database. */
    public long waits() {
        return keeper.waits();
    }

    /** Begins a copy in {@code to}, an existing folder, that shares the data files. */
    public DataCopy copyTo(Path to, LongConsumer copyMark) throws IOException {
        return DataCopy.begin(new DataCopy.Parts(setup, files, places, log, map, keeper), to, copyMark);
    }

    /** Ends the work in the background; returns false if it has not ended after {@code timeoutS} seconds. */
    public boolean stop(int timeoutS) {
        return keeper.stop(timeoutS);
    }

    /** Closes the files. The caller has stopped the work in the background, and synced. */
    @Override
    public void close() {
        keeper.stop(0);
        files.close();
        if (log != null) {
            log.close();
        }
    }
}
