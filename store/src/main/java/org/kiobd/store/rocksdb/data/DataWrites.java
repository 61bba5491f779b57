package org.kiobd.store.rocksdb.data;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import org.kiobd.store.MemberOp;
import org.kiobd.store.file.SystemErrors;
import org.kiobd.volume.IoError;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes blocks to free places, and then changes the map. Small pieces are gathered in memory, so that one call writes several blocks; large
 * ones are written from where they are. The caller holds the guards of the blocks. Thread-safe; calls block.
 */
final class DataWrites {
    private static final Logger LOG = LoggerFactory.getLogger(DataWrites.class);

    private static final int GATHERED_BYTES = 256 << 10;

    /** Room in the log for what others append during a sync, and for the headers of records. */
    private static final int SLACK_BYTES = 64 << 10;

    private static final long LOOK_AGAIN_NANOS = 1_000_000_000L;

    /** Size from which on memory is written from where it is: a copy of less costs less than a call. */
    private static final int IN_PLACE_BYTES = 32 << 10;

    private final BlockMap map;
    private final DataFiles files;
    private final FreePlaces places;
    private final @Nullable MapLog log;
    private final Keeper keeper;
    private final DataReads reads;
    private final int blockBytes;
    private final LongAdder calls;
    private final ThreadLocal<ByteBuffer> gather =
            ThreadLocal.withInitial(() -> ByteBuffer.allocateDirect(GATHERED_BYTES));

    /** Memory of {@link #keep}. */
    private final ByteBuffer kept = ByteBuffer.allocateDirect(MapLog.MOST_KEPT_BYTES);

    /** Whether the disk had no space for the last block that needed some. */
    private volatile boolean isFull;

    /** When that was. */
    private volatile long lookedNanos;

    DataWrites(DataOpening.Parts parts, Keeper keeper, DataReads reads) {
        this.map = parts.map();
        this.files = parts.files();
        this.places = parts.places();
        this.log = parts.log();
        this.keeper = keeper;
        this.reads = reads;
        this.blockBytes = parts.setup().blockBytes();
        this.calls = parts.setup().calls();
    }

    /** What one call writes. Used by one thread. */
    private final class Plan {
        private final List<LogRecord.Change> changes = new ArrayList<>();
        private final List<FreePlaces.Run> taken = new ArrayList<>();
        private final ByteBuffer gathered = gather.get().clear();
        private final long[] blocks = new long[GATHERED_BYTES / blockBytes];
        private final int[] checksums = new int[GATHERED_BYTES / blockBytes];
        private final boolean mayWait;
        private int count;

        Plan(boolean mayWait) {
            this.mayWait = mayWait;
        }

        void add(MemberOp op) throws IOException {
            OpMemory memory = new OpMemory(op);
            long at = op.offsetBytes();
            long end = at + op.lengthBytes();
            while (at < end) {
                long whole = at % blockBytes == 0 ? Math.min(end - at, memory.contiguousBytes()) / blockBytes : 0;
                long block = at / blockBytes;
                if (whole * blockBytes >= IN_PLACE_BYTES) {
                    int bytes = (int) whole * blockBytes;
                    inPlace(block, memory.whole(bytes));
                    memory.skip(bytes);
                    at += bytes;
                } else {
                    int from = (int) (at % blockBytes);
                    int bytes = (int) Math.min(blockBytes - from, end - at);
                    ByteBuffer slot = slot();
                    if (bytes < blockBytes) {
                        reads.read(block, slot);
                        slot.rewind();
                    }
                    memory.copyTo(slot.position(from), bytes);
                    gathered(block, slot.rewind());
                    at += bytes;
                }
            }
        }

        /** Returns memory for the next gathered block. */
        private ByteBuffer slot() throws IOException {
            if (count == blocks.length) {
                storeGathered();
            }
            return gathered.slice(count * blockBytes, blockBytes);
        }

        private void gathered(long block, ByteBuffer bytes) {
            if (BlockBytes.isZero(bytes)) {
                changes.add(LogRecord.Change.clear(block, 1));
            } else {
                blocks[count] = block;
                checksums[count++] = BlockBytes.checksum(bytes);
            }
        }

        private void storeGathered() throws IOException {
            if (count > 0) {
                int stored = count;
                count = 0;
                store(gathered.slice(0, stored * blockBytes), Arrays.copyOf(blocks, stored), checksums);
            }
        }

        private void inPlace(long firstBlock, ByteBuffer bytes) throws IOException {
            int all = bytes.remaining() / blockBytes;
            int from = 0;
            int[] sums = new int[all];
            long[] numbers = new long[all];
            for (int i = 0; i <= all; i++) {
                boolean stored = false;
                if (i < all) {
                    ByteBuffer block = bytes.slice(i * blockBytes, blockBytes);
                    stored = !BlockBytes.isZero(block);
                    if (stored) {
                        sums[i - from] = BlockBytes.checksum(block);
                        numbers[i - from] = firstBlock + i;
                    } else {
                        changes.add(LogRecord.Change.clear(firstBlock + i, 1));
                    }
                }
                if (!stored) {
                    if (i > from) {
                        store(
                                bytes.slice(from * blockBytes, (i - from) * blockBytes),
                                Arrays.copyOf(numbers, i - from),
                                sums);
                    }
                    from = i + 1;
                }
            }
        }

        /** Writes blocks that are adjacent in memory. */
        private void store(ByteBuffer bytes, long[] numbers, int[] sums) throws IOException {
            int done = 0;
            while (done < numbers.length) {
                FreePlaces.Run run = write(bytes, done, numbers.length - done);
                int from = done;
                done += run.count();
                for (int i = from + 1; i <= done; i++) {
                    if (i == done || numbers[i] != numbers[i - 1] + 1) {
                        long place = run.first() + from - (done - run.count());
                        changes.add(new LogRecord.Change(
                                numbers[from], i - from, place, Arrays.copyOfRange(sums, from, i)));
                        from = i;
                    }
                }
            }
        }

        private FreePlaces.Run write(ByteBuffer bytes, int from, int wanted) throws IOException {
            FreePlaces.Run reused = isFull && !isLookDue() ? takeAllocated(wanted) : null;
            if (reused != null) {
                return write(reused, bytes, from);
            }
            try {
                FreePlaces.Run run = write(places.take(wanted), bytes, from);
                isFull = false;
                return run;
            } catch (IOException e) {
                if (SystemErrors.toIoError(e) == IoError.NO_SPACE) {
                    isFull = true;
                    lookedNanos = System.nanoTime();
                    if (!mayWait) {
                        throw new WouldWaitException(e);
                    }
                    reused = takeAllocated(wanted);
                }
                if (reused == null) {
                    throw e;
                }
                return write(reused, bytes, from);
            }
        }

        private FreePlaces.Run write(FreePlaces.Run run, ByteBuffer bytes, int from) throws IOException {
            ByteBuffer part = bytes.slice(from * blockBytes, run.count() * blockBytes);
            boolean isWritten = false;
            try {
                files.write(run.first(), part);
                taken.add(run);
                isWritten = true;
                return run;
            } finally {
                if (!isWritten) {
                    notWritten(run, part.position() / blockBytes);
                }
            }
        }

        /** Frees the places of a write that failed after {@code count} blocks; the others are taken to take no space, as the disk may have had none. */
        private void notWritten(FreePlaces.Run run, int count) {
            if (count > 0) {
                places.giveBack(new FreePlaces.Run(run.first(), count));
            }
            if (count < run.count()) {
                places.punched(new FreePlaces.Run(run.first() + count, run.count() - count), true);
            }
        }

        /** Takes places that take space already; a sync may free some. Returns null if there is none. */
        private FreePlaces.@Nullable Run takeAllocated(int wanted) {
            FreePlaces.Run run = places.takeAllocated(wanted);
            return run == null && keeper.sync() ? places.takeAllocated(wanted) : run;
        }

        void run(Filling filling) throws IOException {
            BlockMap.Changed changed;
            try {
                filling.fill();
                storeGathered();
                changed = map.change(changes, mayWait);
                if (changed == null) {
                    throw new WouldWaitException(null);
                }
            } catch (IOException | RuntimeException e) {
                // Not after an Error: the map may have changed.
                taken.forEach(places::giveBack);
                throw e;
            }
            record(changed, false);
        }
    }

    /** The call must not wait, and would have to: for another thread, for the database, or for a sync of a full disk. Nothing was done. */
    static final class WouldWaitException extends IOException {
        private static final long serialVersionUID = 1L;

        WouldWaitException(@Nullable IOException cause) {
            super(cause);
        }
    }

    @FunctionalInterface
    private interface Filling {
        void fill() throws IOException;
    }

    /** Returns whether it is time to see if a full disk has space again. */
    private boolean isLookDue() {
        return System.nanoTime() - lookedNanos > LOOK_AGAIN_NANOS;
    }

    /** Returns whether the disk had no space for the last block that needed some. */
    boolean isFull() {
        return isFull;
    }

    /**
     * Executes the WRITEs {@code [from, to)}; their changes are one record.
     *
     * @param mayWait whether it may wait for anything but the page cache
     * @throws WouldWaitException if it would have to, and must not
     */
    void write(MemberOp[] ops, int from, int to, boolean mayWait) throws IOException {
        calls.increment();
        Plan plan = new Plan(mayWait);
        plan.run(() -> {
            for (int i = from; i < to; i++) {
                plan.add(ops[i]);
            }
        });
    }

    /** Zeroes those parts of {@code [start, end)} that are no whole blocks, at both ends. */
    void clearParts(long start, long end) throws IOException {
        calls.increment();
        Plan plan = new Plan(true);
        long first = start / blockBytes;
        long last = (end - 1) / blockBytes;
        plan.run(() -> {
            if (start % blockBytes != 0 || end < (first + 1) * blockBytes) {
                clearPart(plan, first, start, end);
            }
            if (end % blockBytes != 0 && last != first) {
                clearPart(plan, last, start, end);
            }
        });
    }

    private void clearPart(Plan plan, long number, long start, long end) throws IOException {
        int from = (int) Math.max(0, start - number * blockBytes);
        int to = (int) Math.min(blockBytes, end - number * blockBytes);
        ByteBuffer block = plan.slot();
        reads.read(number, block);
        for (int at = from; at < to; at++) {
            block.put(at, (byte) 0);
        }
        plan.gathered(number, block.rewind());
    }

    /** Clears blocks, and gives their space back to the disk after the next sync. */
    void clear(List<LogRecord.Change> changes) throws IOException {
        record(Objects.requireNonNull(map.change(changes, true)), true);
    }

    /**
     * Puts the blocks that changes have stored into the log, in place of a sync of their files: a sync of the log is then enough, and writes
     * no metadata. One thread at a time.
     *
     * @return false if they must be synced where they are: because the disk is full, because the log failed, or because a place has other
     *     data, be it that it was taken again or that the disk has lost what was written
     */
    boolean keep(List<LogRecord.Change> changes) {
        MapLog records = Objects.requireNonNull(log);
        int count = changes.stream().mapToInt(change -> (int) change.count()).sum();
        try {
            if (count > 0 && (isFull || !records.makeRoom(count * blockBytes + SLACK_BYTES))) {
                return false;
            }
            for (LogRecord.Change change : changes) {
                kept.clear().limit((int) change.count() * blockBytes);
                files.read(change.firstPlace(), kept);
                for (int i = 0; i < change.count(); i++) {
                    if (BlockBytes.checksum(kept.slice(i * blockBytes, blockBytes)) != change.checksums()[i]) {
                        return false;
                    }
                }
                map.keep(new LogRecord.Data(change.firstPlace(), kept.flip()));
            }
            records.write(records.lastSequence());
            return true;
        } catch (IOException e) {
            LOG.debug("a sync of the data files follows: {}", e.toString());
            return false;
        }
    }

    /** Writes the record of a change to the log, and frees the places that it no longer uses. */
    private void record(BlockMap.Changed changed, boolean trimmed) throws IOException {
        if (changed.sequence() == 0) {
            // Others have changed the blocks before; their record counts for this change, too.
            Objects.requireNonNull(log).write(log.lastSequence());
            return;
        }
        try {
            Objects.requireNonNull(log).write(changed.sequence());
        } catch (IOException e) {
            places.freedLater(changed.freed(), changed.count(), changed.sequence());
            throw e;
        }
        places.freed(changed.freed(), changed.count(), changed.sequence(), trimmed);
    }
}
