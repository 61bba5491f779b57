package org.kiobd.store.rocksdb;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.kiobd.store.file.Preallocation;
import org.kiobd.store.file.SystemErrors;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Disk space that a member reserves for the case that the disk becomes full: a database that cannot write cannot delete either, and after
 * a crash it cannot even be opened, because an opening flushes its log. The reserve is a file next to the database. It is made before a
 * WRITE that finds less than 8 GiB free. It is given up when an opening, a TRIM, a WRITE_ZEROES or a superblock write finds no space, and
 * made again when there is space. WRITE is refused while the reserve is missing, so that WRITE does not use up the space that TRIM needs. A
 * member without writes, e.g. a snapshot, has no reserve, nor has a member on a disk with much free space, because a thin member should
 * take only the space of its data. Thread-safe.
 */
final class RocksReserve {
    static final String FILE = "kiobd.reserve";

    private static final Logger LOG = LoggerFactory.getLogger(RocksReserve.class);

    /** Enough for the data in memory and in the log when the disk becomes full: three write buffers, and a margin. */
    private static final long MOST_BYTES = 64L << 20;

    private static final long LEAST_BYTES = 4L << 20;
    private static final int PART_OF_MEMBER = 8;
    private static final int PART_OF_DISK = 8;

    /** The reserve takes at most one part in this of the free space, so that it need not be given up again at once. */
    private static final int PART_OF_FREE = 2;

    /** The reserve is made when less than this is free. A fast disk can write some GiB between two checks. */
    private static final long SCARCE_BYTES = 8L << 30;

    private static final long LOW_BYTES = 1L << 30;
    private static final long AGAIN_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

    /** The known state of the reserve. */
    private enum State {
        /** Not needed yet: there was no WRITE, or the disk has much free space. */
        UNASKED,
        /** The file exists, or the file system cannot reserve space: WRITE is allowed. */
        SETTLED,
        /** There is no room for the file: WRITE is refused. */
        MISSING
    }

    private final Path file;
    private volatile State state = State.UNASKED;
    private volatile long freeBytes;
    private volatile long triedNanos = System.nanoTime() - AGAIN_NANOS;
    private volatile long lookedNanos = System.nanoTime() - AGAIN_NANOS;

    /** Makes the object for the member in {@code folder}; makes no file. */
    RocksReserve(Path folder) {
        this.file = folder.resolve(FILE);
    }

    boolean exists() {
        return Files.exists(file);
    }

    /** Returns whether the reserve was made, or cannot be made on this file system. */
    boolean isSettled() {
        return state == State.SETTLED;
    }

    /** Returns whether there is no room for the reserve: WRITE is refused, and TRIM uses the space that is left. */
    boolean isMissing() {
        return state == State.MISSING;
    }

    /**
     * Makes the reserve for a member of {@code memberBytes} if there is room; {@link #isSettled} then tells whether there was.
     *
     * @param unwrittenBytes free bytes that are needed for other data
     */
    synchronized void make(long memberBytes, long unwrittenBytes) {
        triedNanos = System.nanoTime();
        try {
            long hasBytes = exists() ? Files.size(file) : 0;
            long roomBytes = (usableBytes() - unwrittenBytes) / PART_OF_FREE;
            long bytes = Math.min(wantedBytes(memberBytes), hasBytes + roomBytes);
            if (hasBytes < LEAST_BYTES && bytes < LEAST_BYTES) {
                missing();
                return;
            }
            if (hasBytes < bytes) {
                Preallocation.make(file, bytes);
            }
            settled();
        } catch (BlockIoException e) {
            if (e.error() == IoError.NO_SPACE) {
                missing();
            } else {
                cannotBeMade(e.getMessage());
            }
        } catch (IOException e) {
            cannotBeMade(SystemErrors.describe(e));
        }
    }

    /** Logs that the reserve cannot be made for a reason other than lack of space; writes go on without it. */
    void cannotBeMade(@Nullable String why) {
        LOG.warn("{} cannot be made, writes go on without it: {}", file, why);
        state = State.SETTLED;
    }

    /** Checks whether there would be room for the smallest reserve, without making it. */
    void look(long unwrittenBytes) {
        if (!fits(unwrittenBytes + LEAST_BYTES * PART_OF_FREE)) {
            missing();
        }
    }

    private void settled() {
        if (isMissing()) {
            LOG.info("{} is there again: writes go on", file);
        }
        state = State.SETTLED;
    }

    private void missing() {
        if (!isMissing()) {
            LOG.warn(
                    "{}: there is no room for it: writes to this member end in ENOSPC until some MiB are free on its disk; reads and"
                            + " TRIM go on",
                    file);
        }
        state = State.MISSING;
    }

    /** Returns whether to make the reserve before a WRITE: free space has become scarce, or the last failed try was a while ago. */
    boolean wantsTry() {
        return switch (state) {
            case UNASKED -> freeBytes() < SCARCE_BYTES;
            case SETTLED -> false;
            case MISSING -> System.nanoTime() - triedNanos >= AGAIN_NANOS;
        };
    }

    private long wantedBytes(long memberBytes) throws IOException {
        long disk = Files.getFileStore(file.getParent()).getTotalSpace() / PART_OF_DISK;
        return Math.max(LEAST_BYTES, Math.min(MOST_BYTES, Math.min(disk, memberBytes / PART_OF_MEMBER)));
    }

    private long usableBytes() throws IOException {
        return Files.getFileStore(file.getParent()).getUsableSpace();
    }

    /** Returns whether {@code bytes} bytes can be written. */
    boolean fits(long bytes) {
        try {
            return usableBytes() > bytes;
        } catch (IOException e) {
            LOG.warn("{}: cannot tell how much is free beside it: {}", file, SystemErrors.describe(e));
            return true;
        }
    }

    /** Returns whether the disk is so full that this explains why writes are stopped. */
    boolean isDiskFull() {
        return !fits(MOST_BYTES);
    }

    /** Returns whether the disk may be full soon. */
    boolean isSpaceLow() {
        return freeBytes() < LOW_BYTES;
    }

    /** Returns the free bytes on the disk, as of at most half a second ago; 0 if unknown. */
    private long freeBytes() {
        long nanos = System.nanoTime();
        if (nanos - lookedNanos >= AGAIN_NANOS) {
            try {
                freeBytes = usableBytes();
            } catch (IOException e) {
                freeBytes = 0;
            }
            lookedNanos = nanos;
        }
        return freeBytes;
    }

    /**
     * Gives up the reserve, so that its space can be used.
     *
     * @return whether there was one
     */
    synchronized boolean release() {
        try {
            boolean released = Files.deleteIfExists(file);
            if (released) {
                LOG.warn("{} was given up: the disk is full", file);
                state = State.MISSING;
            }
            return released;
        } catch (IOException e) {
            LOG.warn("{} cannot be given up: {}", file, SystemErrors.describe(e));
            return false;
        }
    }
}
