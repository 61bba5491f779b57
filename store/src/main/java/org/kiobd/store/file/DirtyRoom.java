package org.kiobd.store.file;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Estimates whether the kernel accepts written pages without throttling the writer. Throttling begins when the dirty pages exceed the
 * middle between the two dirty thresholds (mm/page-writeback.c, {@code dirty_freerun_ceiling}); /proc/vmstat has all these numbers. They
 * are read again when the writes here may have used up their share of the room, and at least every 50 ms, because other processes write
 * as well. Any thread.
 */
public final class DirtyRoom {
    private static final Logger LOG = LoggerFactory.getLogger(DirtyRoom.class);
    private static final int PAGE_BYTES = 4096;

    /** Most bytes between two reads of the numbers: one read costs about as much as writing a hundred pages. */
    private static final long LOOK_AGAIN_BYTES = 16L << 20;

    private static final long LOOK_AGAIN_NANOS = 50_000_000;
    private static final int MAX_STAT_BYTES = 16 << 10;

    /** Divisor: only this fraction of the room is used before the next read of the numbers, because other processes write as well. */
    private static final int SHARE = 4;

    /** Source of the numbers. */
    @FunctionalInterface
    interface Source {
        /** Returns the text of /proc/vmstat. */
        String read() throws IOException;
    }

    private final Source source;
    private final AtomicLong leftBytes = new AtomicLong();
    private volatile long lookedNanos;
    private volatile boolean looked;
    private volatile boolean unknown;

    /** Creates the estimate for the page cache of this machine. */
    public DirtyRoom() {
        this(DirtyRoom::vmstat);
    }

    DirtyRoom(Source source) {
        this.source = source;
    }

    private static String vmstat() throws IOException {
        byte[] bytes = new byte[MAX_STAT_BYTES];
        try (RandomAccessFile file = new RandomAccessFile("/proc/vmstat", "r")) {
            int length = 0;
            int read = file.read(bytes);
            while (read > 0) {
                length += read;
                read = file.read(bytes, length, bytes.length - length);
            }
            return new String(bytes, 0, length, StandardCharsets.US_ASCII);
        }
    }

    /** Returns whether {@code bytes} may be written now; counts them as written in any case. */
    boolean hasRoom(long bytes, long nowNanos) {
        if (unknown) {
            return false;
        }
        long left = leftBytes.addAndGet(-bytes);
        if (!looked || nowNanos - lookedNanos > LOOK_AGAIN_NANOS || (left < 0 && left + bytes >= 0)) {
            left = look(nowNanos, bytes);
        }
        return left >= 0;
    }

    /** @return room left after the next {@code bytes} */
    private synchronized long look(long nowNanos, long bytes) {
        try {
            String stat = source.read();
            long dirty = pages(stat, "nr_dirty ") + pages(stat, "nr_writeback ");
            long freely = (pages(stat, "nr_dirty_threshold ") + pages(stat, "nr_dirty_background_threshold ")) / 2;
            long left = Math.min(LOOK_AGAIN_BYTES, (freely - dirty) * PAGE_BYTES / SHARE) - bytes;
            leftBytes.set(left);
            lookedNanos = nowNanos;
            looked = true;
            return left;
        } catch (IOException | RuntimeException e) {
            LOG.warn("cannot tell whether the page cache has room, so no loop writes to it: {}", e.toString());
            unknown = true;
            return -1;
        }
    }

    private static long pages(String stat, String name) {
        int before = stat.indexOf('\n' + name);
        if (before < 0) {
            throw new IllegalStateException("/proc/vmstat has no " + name.trim());
        }
        int from = before + 1 + name.length();
        return Long.parseLong(stat, from, stat.indexOf('\n', from), 10);
    }
}
