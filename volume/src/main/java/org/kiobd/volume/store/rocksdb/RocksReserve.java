package org.kiobd.volume.store.rocksdb;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;
import org.kiobd.volume.store.file.Preallocation;
import org.kiobd.volume.store.file.SystemErrors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Space that a member keeps for the day when its disk is full: a database that cannot write can delete nothing either, and cannot even be
 * opened after a crash, because its log must be written out then. The reserve is a file beside the database. It is made before a WRITE
 * that finds less than 8 GiB free, given up for an opening or a TRIM that finds no space, and made again when there is space. WRITE is
 * refused while it is missing, so that WRITE does not use up what TRIM needs. A member that nobody writes to, e.g. a snapshot, has none,
 * and neither has one on a disk with much space: a thin member takes what is written to it. Any thread.
 */
final class RocksReserve {
    static final String FILE = "kiobd.reserve";

    private static final Logger LOG = LoggerFactory.getLogger(RocksReserve.class);

    /** What is in memory and in the log when the disk runs full: three write buffers, and something to begin with. */
    private static final long MOST_BYTES = 64L << 20;

    private static final long LEAST_BYTES = 4L << 20;
    private static final int PART_OF_MEMBER = 8;
    private static final int PART_OF_DISK = 8;

    /** It takes no more than one part in this of what is free, so that it need not be given up again at once. */
    private static final int PART_OF_FREE = 2;

    /** With less free a reserve is made. A fast disk takes some GiB between two looks. */
    private static final long SCARCE_BYTES = 8L << 30;

    private static final long LOW_BYTES = 1L << 30;
    private static final long AGAIN_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

    /** What is known of the file. */
    private enum State {
        /** Nobody has written yet, or the disk has much space: nobody has needed it. */
        UNASKED,
        /** It is there, or the file system cannot reserve anything: WRITE may go on. */
        SETTLED,
        /** There is no room for it. */
        MISSING
    }

    private final Path file;
    private volatile State state = State.UNASKED;
    private volatile long freeBytes;
    private volatile long triedNanos = System.nanoTime() - AGAIN_NANOS;
    private volatile long lookedNanos = System.nanoTime() - AGAIN_NANOS;

    /** Of the member in {@code folder}. */
    RocksReserve(Path folder) {
        this.file = folder.resolve(FILE);
    }

    boolean exists() {
        return Files.exists(file);
    }

    /** Whether it was made, or cannot be made on this file system. */
    boolean isSettled() {
        return state == State.SETTLED;
    }

    /** Whether there is no room for it: WRITE is refused, and TRIM does with what there is. */
    boolean isMissing() {
        return state == State.MISSING;
    }

    /**
     * Makes it, for a member of {@code memberBytes}, where there is room; {@link #isSettled} then says whether there was.
     *
     * @param unwrittenBytes what is free and needed for other things
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

    /** Writes go on without it, for a reason that is not want of space. */
    void cannotBeMade(@Nullable String why) {
        LOG.warn("{} cannot be made, writes go on without it: {}", file, why);
        state = State.SETTLED;
    }

    /** Makes nothing, but learns whether there would be room for the least of it. */
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

    /** Whether it is to be made before a WRITE: space is scarce and nobody has tried, or not for a while. */
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

    /** Whether {@code bytes} can be written. */
    boolean fits(long bytes) {
        try {
            return usableBytes() > bytes;
        } catch (IOException e) {
            LOG.warn("{}: cannot tell how much is free beside it: {}", file, SystemErrors.describe(e));
            return true;
        }
    }

    /** Whether the disk is so full that this is why nothing goes on. */
    boolean isDiskFull() {
        return !fits(MOST_BYTES);
    }

    /** Whether the disk may soon be full. */
    boolean isSpaceLow() {
        return freeBytes() < LOW_BYTES;
    }

    /** As of now or half a second ago; 0 if nobody can tell. */
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

    /** Gives it up, so that what must be written can be. @return whether there was any */
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
