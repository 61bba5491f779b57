package org.kiobd.store.rocksdb.data;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.kiobd.store.file.FileSpaces;

/**
 * A disk with a volatile cache. What was written and not synced is there after a kill of the process; after {@link #cutPower} each sector has any of
 * the contents that it had since the last sync, and a file that was made since then may be missing. Thread-safe.
 */
final class SimulatedDisk implements Disk {
    private static final int SECTOR_BYTES = 512;

    /** What a call says that fails. */
    static final String CUT = "the power was cut";

    private static final byte[] ZEROS = new byte[SECTOR_BYTES];

    private final Map<Path, Content> files = new HashMap<>();
    private Runnable beforeRead = () -> {};
    private BlockMap.IoAction afterWrite = () -> {};
    private int callsLeft = Integer.MAX_VALUE;

    private static final class Content {
        private final TreeMap<Integer, byte[]> sectors = new TreeMap<>();
        /** Contents of a sector since the last sync, that of the sync first. */
        private final TreeMap<Integer, List<byte[]>> unsynced = new TreeMap<>();

        private long lengthBytes;
        private long syncedLengthBytes;
        private boolean nameIsSynced;

        private byte[] sector(int number) {
            return sectors.getOrDefault(number, ZEROS);
        }

        private void change(int number, byte[] content) {
            unsynced.computeIfAbsent(number, key -> new ArrayList<>(List.of(sector(number))))
                    .add(content);
            sectors.put(number, content);
        }
    }

    private final class Opened implements BlockFile {
        private final Content content;
        private final boolean hasBlocks;

        Opened(Content content, boolean hasBlocks) {
            this.content = content;
            this.hasBlocks = hasBlocks;
        }

        @Override
        public int read(ByteBuffer into, long atBytes) {
            Runnable hook = beforeRead;
            beforeRead = () -> {};
            hook.run();
            synchronized (SimulatedDisk.this) {
                return readNow(into, atBytes);
            }
        }

        private int readNow(ByteBuffer into, long atBytes) {
            int bytes = (int) Math.min(into.remaining(), content.lengthBytes - atBytes);
            int done = 0;
            while (done < bytes) {
                int inSector = (int) ((atBytes + done) % SECTOR_BYTES);
                int count = Math.min(bytes - done, SECTOR_BYTES - inSector);
                into.put(content.sector((int) ((atBytes + done) / SECTOR_BYTES)), inSector, count);
                done += count;
            }
            return bytes <= 0 ? -1 : bytes;
        }

        @Override
        public boolean readCached(ByteBuffer into, long atBytes) {
            return read(into, atBytes) > 0 && !into.hasRemaining();
        }

        @Override
        public int write(ByteBuffer from, long atBytes) throws IOException {
            int bytes;
            synchronized (SimulatedDisk.this) {
                spend();
                bytes = writeNow(from, atBytes);
            }
            if (hasBlocks) {
                BlockMap.IoAction hook = afterWrite;
                afterWrite = () -> {};
                hook.run();
            }
            return bytes;
        }

        private int writeNow(ByteBuffer from, long atBytes) {
            int bytes = from.remaining();
            long at = atBytes;
            while (from.hasRemaining()) {
                int number = (int) (at / SECTOR_BYTES);
                byte[] sector = content.sector(number).clone();
                int inSector = (int) (at % SECTOR_BYTES);
                int count = Math.min(from.remaining(), SECTOR_BYTES - inSector);
                from.get(sector, inSector, count);
                content.change(number, sector);
                at += count;
            }
            content.lengthBytes = Math.max(content.lengthBytes, at);
            return bytes;
        }

        @Override
        public void sync() throws IOException {
            synchronized (SimulatedDisk.this) {
                spend();
                content.unsynced.clear();
                content.syncedLengthBytes = content.lengthBytes;
            }
        }

        @Override
        public void close() {}
    }

    @Override
    public synchronized BlockFile open(Path path, boolean readOnly) throws IOException {
        if (readOnly && !files.containsKey(path)) {
            throw new IOException(path + ": No such file or directory");
        }
        boolean hasBlocks = String.valueOf(path.getFileName()).startsWith("data-");
        return new Opened(files.computeIfAbsent(path, key -> new Content()), hasBlocks);
    }

    @Override
    public synchronized boolean exists(Path path) {
        return files.containsKey(path);
    }

    @Override
    public synchronized List<String> names(Path folder) {
        return files.keySet().stream()
                .map(path -> String.valueOf(path.getFileName()))
                .toList();
    }

    @Override
    public synchronized long lengthBytes(Path path) {
        return Objects.requireNonNull(files.get(path)).lengthBytes;
    }

    @Override
    public long usableBytes(Path folder) {
        return Long.MAX_VALUE;
    }

    @Override
    public boolean isShared(Path path) {
        return false;
    }

    @Override
    public void walkData(Path path, FileSpaces.Ranges ranges) {
        ranges.range(0, lengthBytes(path));
    }

    @Override
    public synchronized boolean punch(Path path, long offsetBytes, long lengthBytes) {
        Content content = Objects.requireNonNull(files.get(path));
        for (long at = offsetBytes; at < offsetBytes + lengthBytes; at += SECTOR_BYTES) {
            content.change((int) (at / SECTOR_BYTES), new byte[SECTOR_BYTES]);
        }
        return true;
    }

    @Override
    public synchronized void syncFolder(Path folder) {
        files.forEach((path, content) -> content.nameIsSynced |= folder.equals(path.getParent()));
    }

    /** Returns whether nothing that was written to a file can be lost. */
    synchronized boolean isSynced(Path path) {
        return Objects.requireNonNull(files.get(path)).unsynced.isEmpty();
    }

    /** Lets {@code calls} more calls write or sync; the others fail. */
    synchronized void failAfter(int calls) {
        callsLeft = calls;
    }

    private void spend() throws IOException {
        if (callsLeft == 0) {
            throw new IOException(CUT);
        }
        callsLeft -= callsLeft == Integer.MAX_VALUE ? 0 : 1;
    }

    /** Runs {@code hook} once, after the next write to a data file. */
    void afterWrite(BlockMap.IoAction hook) {
        afterWrite = hook;
    }

    /** Runs {@code hook} once, before the next read of a file. */
    void beforeRead(Runnable hook) {
        beforeRead = hook;
    }

    /** Loses, at random, what was not synced. */
    synchronized void cutPower(Random random) {
        // A fraction of its own for each cut: often nearly all is lost, or nearly nothing.
        int keptPercent = random.nextInt(5) * 25;
        files.values().removeIf(content -> !content.nameIsSynced && random.nextInt(100) >= keptPercent);
        for (Content content : files.values()) {
            content.nameIsSynced = true;
            for (Map.Entry<Integer, List<byte[]>> sector : content.unsynced.entrySet()) {
                List<byte[]> versions = sector.getValue();
                int kept = random.nextInt(100) < keptPercent ? versions.size() - 1 : random.nextInt(versions.size());
                content.sectors.put(sector.getKey(), versions.get(kept));
            }
            content.unsynced.clear();
            if (random.nextInt(100) >= keptPercent) {
                content.lengthBytes = Math.max(content.syncedLengthBytes, content.lengthBytes / 2);
                content.sectors
                        .tailMap((int) ((content.lengthBytes + SECTOR_BYTES - 1) / SECTOR_BYTES))
                        .clear();
            }
            content.syncedLengthBytes = content.lengthBytes;
        }
    }

    /** A table whose values are there after {@link #cutPower} as its {@link MapTable} says. */
    static final class Table implements MapTable {
        private final Random random;
        private final TreeMap<Long, byte[]> values = new TreeMap<>();
        private long sequence;
        private boolean failsNext;

        Table(Random random) {
            this.random = random;
        }

        /** Sets whether the next {@link #put} fails in between. */
        void failNext(boolean fails) {
            failsNext = fails;
        }

        @Override
        public byte @Nullable [] get(long group) {
            return values.get(group);
        }

        @Override
        public void walk(long firstGroup, long lastGroup, Visitor visitor) throws IOException {
            for (Map.Entry<Long, byte[]> one : new TreeMap<>(values)
                    .subMap(firstGroup, true, lastGroup, true)
                    .entrySet()) {
                if (!visitor.group(one.getKey(), one.getValue())) {
                    return;
                }
            }
        }

        @Override
        public long sequence() {
            return sequence;
        }

        @Override
        public void put(SortedMap<Long, byte[]> newValues, long newSequence) throws IOException {
            int left = failsNext ? random.nextInt(newValues.size() + 1) : Integer.MAX_VALUE;
            for (Map.Entry<Long, byte[]> one : newValues.entrySet()) {
                if (left-- == 0) {
                    break;
                }
                if (one.getValue().length == 0) {
                    values.remove(one.getKey());
                } else {
                    values.put(one.getKey(), Arrays.copyOf(one.getValue(), one.getValue().length));
                }
            }
            if (failsNext) {
                throw new IOException("the machine stopped");
            }
            sequence = newSequence;
        }
    }
}
