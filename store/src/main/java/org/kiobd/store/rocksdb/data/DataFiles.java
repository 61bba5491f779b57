package org.kiobd.store.rocksdb.data;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.ConcurrentSkipListSet;

/**
 * The files that hold the blocks of a member, {@value FreePlaces#FILE_PLACES} blocks each. A file is sparse: it takes space only where blocks
 * were written. A file with a second hard link belongs to a snapshot, too, and may not be changed. Thread-safe; calls block.
 */
final class DataFiles implements AutoCloseable {
    private static final String PREFIX = "data-";

    private final Path folder;
    private final int blockBytes;
    private final boolean readOnly;
    private final ConcurrentMap<Integer, FileChannel> files = new ConcurrentHashMap<>();
    private final Set<Integer> unsynced = new ConcurrentSkipListSet<>();

    /** @param folder existing folder of the files; those that are there are opened when they are needed */
    DataFiles(Path folder, int blockBytes, boolean readOnly) {
        this.folder = folder;
        this.blockBytes = blockBytes;
        this.readOnly = readOnly;
    }

    /** Returns the path of a data file. */
    static Path path(Path folder, int file) {
        return folder.resolve(String.format(Locale.ROOT, "%s%06d", PREFIX, file));
    }

    private FileChannel file(int number) throws IOException {
        FileChannel open = files.get(number);
        return open != null ? open : open(number);
    }

    private synchronized FileChannel open(int number) throws IOException {
        FileChannel open = files.get(number);
        if (open == null) {
            Path path = path(folder, number);
            open = readOnly
                    ? FileChannel.open(path, StandardOpenOption.READ)
                    : FileChannel.open(
                            path,
                            Set.of(StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE),
                            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            files.put(number, open);
        }
        return open;
    }

    /** Writes whole blocks from the position of {@code blocks} to its limit, to places of one file from {@code firstPlace} on. */
    void write(long firstPlace, ByteBuffer blocks) throws IOException {
        int number = FreePlaces.file(firstPlace);
        FileChannel file = file(number);
        long atBytes = (long) FreePlaces.position(firstPlace) * blockBytes;
        // Before the write: a sync between the write and the note would not know of it.
        unsynced.add(number);
        while (blocks.hasRemaining()) {
            atBytes += file.write(blocks, atBytes);
        }
        unsynced.add(number);
    }

    /** Reads whole blocks from places of one file, from {@code firstPlace} on, until {@code into} is full. */
    void read(long firstPlace, ByteBuffer into) throws IOException {
        FileChannel file = file(FreePlaces.file(firstPlace));
        long atBytes = (long) FreePlaces.position(firstPlace) * blockBytes;
        while (into.hasRemaining()) {
            int bytes = file.read(into, atBytes);
            if (bytes < 0) {
                throw new EOFException(path(folder, FreePlaces.file(firstPlace)) + " ends at byte " + atBytes);
            }
            atBytes += bytes;
        }
    }

    /** Syncs every file that was written since its last sync. A file whose sync fails is synced again by the next call. */
    void sync() throws IOException {
        for (int number : unsynced.toArray(Integer[]::new)) {
            unsynced.remove(number);
            try {
                file(number).force(false);
            } catch (IOException e) {
                unsynced.add(number);
                throw e;
            }
        }
    }

    /** Returns whether a file has another hard link, i.e. belongs to a snapshot, too. */
    boolean isShared(int number) throws IOException {
        Path path = path(folder, number);
        return Files.exists(path) && !Integer.valueOf(1).equals(Files.getAttribute(path, "unix:nlink"));
    }

    @Override
    public synchronized void close() throws IOException {
        for (FileChannel file : files.values()) {
            file.close();
        }
        files.clear();
    }
}
