package org.kiobd.volume.store.rocksdb;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;
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
    private static final int PART_OF_DISK = 16;

    /** Left free beside it when it is made, so that it need not be given up again at once. */
    private static final long MARGIN_BYTES = 8L << 20;

    private static final long AGAIN_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

    private final Path file;
    private volatile boolean there;
    private volatile long triedNanos;
    private boolean toldMissing;

    /** Of the member in {@code folder}. */
    RocksReserve(Path folder) {
        this.file = folder.resolve(FILE);
    }

    /** Whether writes may go on. */
    boolean isThere() {
        return there;
    }

    /** Makes it, for a member of {@code memberBytes}, where there is room; {@link #isThere} then says whether there was. */
    synchronized void make(long memberBytes) {
        triedNanos = System.nanoTime();
        try {
            long bytes = bytes(memberBytes);
            long hasBytes = Files.exists(file) ? Files.size(file) : 0;
            if (hasBytes < bytes) {
                if (usableBytes() < bytes - hasBytes + MARGIN_BYTES) {
                    missing(bytes);
                    return;
                }
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

    private void missing(long bytes) {
        if (!toldMissing) {
            LOG.warn(
                    "{}: there is no room for it: writes to this member end in ENOSPC until its disk has {} MiB free; reads and TRIM"
                            + " go on",
                    file,
                    (bytes + MARGIN_BYTES) >> 20);
            toldMissing = true;
        }
    }

    /** The same now and then; for who would write. */
    void makeAgain(long memberBytes) {
        if (!there && System.nanoTime() - triedNanos > AGAIN_NANOS) {
            make(memberBytes);
        }
    }

    /** How much may be in memory, of {@link RocksDatabase}'s buffers each, so that all of it can be written out to the reserve. */
    long bufferBytes(long memberBytes, int buffers) throws BlockIoException {
        try {
            return bytes(memberBytes) / (buffers + 1);
        } catch (IOException e) {
            throw new BlockIoException(IoError.IO, file + ": cannot tell how large its disk is: " + e, e);
        }
    }

    private long bytes(long memberBytes) throws IOException {
        long disk = Files.getFileStore(file.getParent()).getTotalSpace() / PART_OF_DISK;
        return Math.max(LEAST_BYTES, Math.min(MOST_BYTES, Math.min(disk, memberBytes / PART_OF_MEMBER)));
    }

    private long usableBytes() throws IOException {
        return Files.getFileStore(file.getParent()).getUsableSpace();
    }

    /** Whether the disk is so full that this is why nothing goes on. */
    boolean isDiskFull() {
        try {
            return usableBytes() < MARGIN_BYTES;
        } catch (IOException e) {
            return false;
        }
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
