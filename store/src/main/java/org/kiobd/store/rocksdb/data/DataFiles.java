package org.kiobd.store.rocksdb.data;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.ConcurrentSkipListSet;
import org.jspecify.annotations.Nullable;

/**
 * The files that hold the blocks of a member, {@value FreePlaces#FILE_PLACES} blocks each. A file is sparse: it takes space only where blocks
 * were written. A file with a second hard link belongs to a snapshot, too, and may not be changed. Thread-safe, except that one thread at a
 * time syncs; calls block.
 */
final class DataFiles implements AutoCloseable {
    private static final String PREFIX = "data-";

    private final Path folder;
    private final Disk disk;
    private final int blockBytes;
    private final boolean readOnly;
    private final ConcurrentMap<Integer, BlockFile> files = new ConcurrentHashMap<>();
    private final Set<Integer> unsynced = new ConcurrentSkipListSet<>();
    private final ThreadLocal<ByteBuffer> checked;
    private volatile boolean hasNewFiles;
    private volatile @Nullable IOException failedSync;

    /** Data that count in place of those in the files; null if there are none. */
    private @Nullable KeptData kept;

    /** @param folder existing folder of the files; those that are there are opened when they are needed */
    DataFiles(Path folder, Disk disk, int blockBytes, boolean readOnly) {
        this.folder = folder;
        this.disk = disk;
        this.blockBytes = blockBytes;
        this.readOnly = readOnly;
        this.checked = ThreadLocal.withInitial(() -> ByteBuffer.allocateDirect(blockBytes));
    }

    /** Returns the path of a data file. */
    static Path path(Path folder, int file) {
        return folder.resolve(String.format(Locale.ROOT, "%s%06d", PREFIX, file));
    }

    /** Returns the number of the last file, plus one. */
    int count() throws IOException {
        int count = 0;
        for (String name : disk.names(folder)) {
            if (name.matches(PREFIX + "[0-9]{6,9}")) {
                count = Math.max(count, Integer.parseInt(name.substring(PREFIX.length())) + 1);
            }
        }
        return count;
    }

    /** Receives adjacent places of a file. */
    @FunctionalInterface
    interface Places {
        void places(int firstPosition, int count);
    }

    /** Tells which places of a file take space on the disk. */
    void allocated(int file, Places places) throws IOException {
        if (exists(file)) {
            disk.walkData(path(file), (offsetBytes, lengthBytes) -> {
                long from = offsetBytes / blockBytes;
                long end = (offsetBytes + lengthBytes + blockBytes - 1) / blockBytes;
                if (from < FreePlaces.FILE_PLACES) {
                    places.places((int) from, (int) (Math.min(end, FreePlaces.FILE_PLACES) - from));
                }
            });
        }
    }

    boolean exists(int file) {
        return disk.exists(path(file));
    }

    Path path(int file) {
        return path(folder, file);
    }

    private BlockFile file(int number) throws IOException {
        BlockFile open = files.get(number);
        return open != null ? open : open(number);
    }

    private synchronized BlockFile open(int number) throws IOException {
        BlockFile open = files.get(number);
        if (open == null) {
            Path path = path(number);
            boolean isNew = !readOnly && !disk.exists(path);
            open = disk.open(path, readOnly);
            // After the file was made: a sync that cleared the note before would not cover its name.
            hasNewFiles |= isNew;
            files.put(number, open);
        }
        return open;
    }

    /** Writes whole blocks from the position of {@code blocks} to its limit, to places of one file from {@code firstPlace} on. */
    void write(long firstPlace, ByteBuffer blocks) throws IOException {
        int number = FreePlaces.file(firstPlace);
        BlockFile file = file(number);
        long atBytes = (long) FreePlaces.position(firstPlace) * blockBytes;
        try {
            while (blocks.hasRemaining()) {
                atBytes += file.write(blocks, atBytes);
            }
        } finally {
            // After the write: a sync that removed the note before would not cover it.
            unsynced.add(number);
        }
    }

    /** Returns whether a file was made since the last sync, so that a sync must follow. */
    boolean hasNewFiles() {
        return hasNewFiles;
    }

    /** Returns the bytes of a block. */
    int blockBytes() {
        return blockBytes;
    }

    /** Lets reads find these data in place of those in the files. Called before the first read of a member that is open read-only. */
    void overlay(KeptData data) {
        kept = data;
    }

    /** Reads whole blocks from places of one file, from {@code firstPlace} on, until {@code into} is full. */
    void read(long firstPlace, ByteBuffer into) throws IOException {
        if (kept == null) {
            readFile(firstPlace, into);
            return;
        }
        int endBytes = into.limit();
        for (long place = firstPlace; into.position() < endBytes; place++) {
            if (!kept.copyTo(place, into)) {
                readFile(place, into.limit(into.position() + blockBytes));
                into.limit(endBytes);
            }
        }
    }

    private void readFile(long firstPlace, ByteBuffer into) throws IOException {
        int number = FreePlaces.file(firstPlace);
        BlockFile file = file(number);
        long atBytes = (long) FreePlaces.position(firstPlace) * blockBytes;
        while (into.hasRemaining()) {
            int bytes = file.read(into, atBytes);
            if (bytes < 0) {
                throw new EOFException(path(number) + " ends at byte " + atBytes);
            }
            atBytes += bytes;
        }
    }

    /** Reads like {@link #read}, if all is in the page cache, without waiting for the disk; returns false if it is not. */
    boolean readCached(long firstPlace, ByteBuffer into) {
        BlockFile file = files.get(FreePlaces.file(firstPlace));
        return file != null
                && kept == null
                && file.readCached(into, (long) FreePlaces.position(firstPlace) * blockBytes);
    }

    /** Returns whether the block at {@code place} has this checksum; true if it cannot be read, because a READ of it says so. */
    boolean has(long place, int checksum) {
        try {
            return holds(place, checksum);
        } catch (EOFException e) {
            return false;
        } catch (IOException e) {
            return true;
        }
    }

    /** Returns whether the block at {@code place} can be read and has this checksum. */
    boolean isStored(long place, int checksum) {
        try {
            return holds(place, checksum);
        } catch (IOException e) {
            return false;
        }
    }

    private boolean holds(long place, int checksum) throws IOException {
        ByteBuffer block = checked.get().clear();
        if (!disk.exists(path(FreePlaces.file(place)))) {
            return false;
        }
        read(place, block);
        return BlockBytes.checksum(block.flip()) == checksum;
    }

    /** Syncs every file that was written since its last sync. A failure is final: the kernel may have dropped what it could not write. */
    void sync() throws IOException {
        IOException before = failedSync;
        if (before != null) {
            throw new IOException("the data files could not be synced before: " + before.getMessage(), before);
        }
        try {
            for (int number : unsynced.toArray(Integer[]::new)) {
                unsynced.remove(number);
                file(number).sync();
            }
            if (hasNewFiles) {
                hasNewFiles = false;
                disk.syncFolder(folder);
            }
        } catch (IOException e) {
            failedSync = e;
            throw e;
        }
    }

    /** Syncs all files up to {@code count}, whoever wrote them. */
    void syncAll(int count) throws IOException {
        for (int number = 0; number < count; number++) {
            if (disk.exists(path(number))) {
                unsynced.add(number);
            }
        }
        hasNewFiles = true;
        sync();
    }

    /** Returns whether a file has another hard link, i.e. belongs to a snapshot, too. */
    boolean isShared(int number) throws IOException {
        Path path = path(number);
        return disk.exists(path) && disk.isShared(path);
    }

    /** Returns the free space of the disk in bytes. */
    long usableBytes() throws IOException {
        return disk.usableBytes(folder);
    }

    /** Frees the space of places of one file, which then read as zeros; returns false if the file system cannot do that. */
    boolean punch(long firstPlace, int count) throws IOException {
        return disk.punch(
                path(FreePlaces.file(firstPlace)),
                (long) FreePlaces.position(firstPlace) * blockBytes,
                (long) count * blockBytes);
    }

    @Override
    public synchronized void close() {
        for (BlockFile file : files.values()) {
            file.close();
        }
        files.clear();
        if (kept != null) {
            kept.close();
        }
    }
}
