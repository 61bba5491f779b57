package org.kiobd.volume.store.rocksdb;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.kiobd.volume.store.file.Preallocation;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Space that a member keeps for the day when its disk is full: a database that cannot write can delete nothing either, and not even be
 * opened after a crash, for its log must be written out then. The reserve is a file beside the database, given up for an opening or a
 * TRIM that finds no space, and made again when there is some. Writes need it: without it they are refused, so that they do not use up what
 * TRIM needs. Any thread.
 */
final class RocksReserve {
    static final String FILE = "kiobd.reserve";

    private static final Logger LOG = LoggerFactory.getLogger(RocksReserve.class);

    /** What is in memory when the disk runs full, and in the log: three write buffers, and something to begin with. */
    private static final long MOST_BYTES = 64L << 20;

    private static final long LEAST_BYTES = 4L << 20;
    private static final int PART_OF_MEMBER = 8;
    private static final int PART_OF_DISK = 8;

    /** It takes no more than one part in this of what is free, so that it need not be given up again at once. */
    private static final int PART_OF_FREE = 2;

    private static final long LOW_BYTES = 1L << 30;
    private static final long AGAIN_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

    private final Path file;
    private volatile boolean there;
    private volatile boolean isSpaceLow = true;
    private volatile long triedNanos;
    private volatile long lookedNanos = System.nanoTime() - AGAIN_NANOS;
    private boolean toldMissing;

    /** Of the member in {@code folder}. */
    RocksReserve(Path folder) {
        this.file = folder.resolve(FILE);
    }

    /** Whether writes may go on. */
    boolean isThere() {
        return there;
    }

    /**
     * Makes it, for a member of {@code memberBytes}, where there is room; {@link #isThere} then says whether there was.
     *
     * @param unwrittenBytes what is free and needed for other things
     */
    synchronized void make(long memberBytes, long unwrittenBytes) {
        triedNanos = System.nanoTime();
        try {
            long hasBytes = Files.exists(file) ? Files.size(file) : 0;
            long roomBytes = (usableBytes() - unwrittenBytes) / PART_OF_FREE;
            long bytes = Math.min(wantedBytes(memberBytes), hasBytes + roomBytes);
            if (hasBytes < LEAST_BYTES && bytes < LEAST_BYTES) {
                missing();
                return;
            }
            if (hasBytes < bytes) {
                Preallocation.make(file, bytes);
            }
            if (toldMissing) {
                LOG.info("{} is there again: writes go on", file);
                toldMissing = false;
            }
            there = true;
        } catch (IOException e) {
            LOG.warn("{} cannot be made, so writes are refused: {}", file, e.getMessage());
        }
    }

    private void missing() {
        if (!toldMissing) {
            LOG.warn(
                    "{}: there is no room for it: writes to this member end in ENOSPC until some MiB are free on its disk; reads and"
                            + " TRIM go on",
                    file);
            toldMissing = true;
        }
    }

    /** Whether it is missing and worth another try, now and then; for who would write. */
    boolean wantsAnotherTry() {
        return !there && System.nanoTime() - triedNanos > AGAIN_NANOS;
    }

    private long wantedBytes(long memberBytes) throws IOException {
        long disk = Files.getFileStore(file.getParent()).getTotalSpace() / PART_OF_DISK;
        return Math.max(LEAST_BYTES, Math.min(MOST_BYTES, Math.min(disk, memberBytes / PART_OF_MEMBER)));
    }

    private long usableBytes() throws IOException {
        return Files.getFileStore(file.getParent()).getUsableSpace();
    }

    /** Whether {@code bytes} can be written. */
    boolean fits(long bytes) {
        try {
            return usableBytes() > bytes;
        } catch (IOException e) {
            LOG.warn("{}: cannot tell how much is free beside it: {}", file, e.toString());
            return true;
        }
    }

    /** Whether the disk is so full that this is why nothing goes on. */
    boolean isDiskFull() {
        return !fits(MOST_BYTES);
    }

    /** Whether the disk may soon be full; looks now and then. */
    boolean isSpaceLow() {
        long nanos = System.nanoTime();
        if (nanos - lookedNanos >= AGAIN_NANOS) {
            lookedNanos = nanos;
            try {
                isSpaceLow = usableBytes() < LOW_BYTES;
            } catch (IOException e) {
                isSpaceLow = true;
            }
        }
        return isSpaceLow;
    }

    /** Gives it up, so that what must be written can be. @return whether there was any */
    synchronized boolean release() {
        there = false;
        try {
            boolean released = Files.deleteIfExists(file);
            if (released) {
                LOG.warn("{} was given up: the disk is full", file);
            }
            return released;
        } catch (IOException e) {
            LOG.warn("{} cannot be given up: {}", file, e.toString());
            return false;
        }
    }
}
