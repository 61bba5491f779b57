package org.kiobd.it.bench;

import com.sun.management.ThreadMXBean;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.lang.management.ManagementFactory;
import java.util.Objects;
import java.util.function.Supplier;
import org.kiobd.volume.kiobuf.Fragment;

/**
 * B8, "entries double or triple in size with (offset, length)": measures the bytes allocated to describe a payload. A page-aligned vector
 * is one array of references to pages, with one offset and length for the whole vector, as in struct kiobuf; ours is an array of
 * fragments. The payload memory itself is not counted.
 */
final class VectorSize {
    static final int PAGE_BYTES = 4096;
    private static final int MIB = 1 << 20;
    private static final ByteBuf MEMORY = Unpooled.EMPTY_BUFFER;
    private static final Fragment EMPTY = Fragment.of(MEMORY, 0, 0);
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private VectorSize() {}

    /** A page vector: the payload may start inside the first page and end inside the last; all other pages are full. */
    static final class PageVector {
        final ByteBuf[] pages;
        final int offsetBytes;
        final int lengthBytes;

        PageVector(int pages, int offsetBytes, int lengthBytes) {
            this.pages = new ByteBuf[pages];
            this.offsetBytes = offsetBytes;
            this.lengthBytes = lengthBytes;
        }
    }

    /**
     * Bytes that describe a MiB of payloads.
     *
     * @param pages with page vectors
     * @param pageFragments with fragments no longer than a page
     * @param runFragment with one fragment per payload, as a payload arrives in one receive
     */
    record Sizes(double pages, double pageFragments, double runFragment) {}

    static Sizes of(int payloadBytes) {
        int pages = (payloadBytes + PAGE_BYTES - 1) / PAGE_BYTES;
        double payloads = (double) MIB / payloadBytes;
        return new Sizes(
                payloads * allocated(() -> new PageVector(pages, 0, payloadBytes)),
                payloads * allocated(() -> fragments(pages)),
                payloads * allocated(() -> fragments(1)));
    }

    private static Fragment[] fragments(int count) {
        Fragment[] fragments = new Fragment[count];
        for (int i = 0; i < count; i++) {
            fragments[i] = EMPTY.slice(0, 0);
        }
        return fragments;
    }

    /** Returns the bytes that this thread allocates for one run: the minimum of several runs, because the first ones load classes. */
    static long allocated(Supplier<?> run) {
        long least = Long.MAX_VALUE;
        long id = Thread.currentThread().getId();
        for (int i = 0; i < 8; i++) {
            long before = THREADS.getThreadAllocatedBytes(id);
            Objects.requireNonNull(run.get());
            least = Math.min(least, THREADS.getThreadAllocatedBytes(id) - before);
        }
        return least;
    }
}
