package org.kiobd.store.memory;

import io.netty.buffer.ByteBuf;
import java.util.List;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.locks.ReentrantLock;
import org.kiobd.store.MemberStore;
import org.kiobd.volume.ByteRange;
import org.kiobd.volume.Extent;
import org.kiobd.volume.ExtentList;

/**
 * Sparse memory: pages of 64 KiB that are allocated at their first write. Each page is read and written under one of a few locks, so
 * that no reader sees a half-written page. Thread-safe.
 */
final class MemoryMedium {
    static final int PAGE_BYTES = 64 << 10;

    private static final int LOCKS = 64;

    private final ConcurrentSkipListMap<Long, byte[]> pages = new ConcurrentSkipListMap<>();
    private final ReentrantLock[] locks = new ReentrantLock[LOCKS];
    private final byte[][] superblocks = new byte[MemberStore.SUPERBLOCK_COPIES][MemberStore.SUPERBLOCK_BYTES];
    private volatile long sizeBytes;
    private int readers;
    private boolean writer;

    MemoryMedium(long sizeBytes) {
        this.sizeBytes = sizeBytes;
        for (int i = 0; i < LOCKS; i++) {
            locks[i] = new ReentrantLock();
        }
    }

    /** Opens the medium for one writer or for any number of readers; returns false if it is in use. */
    synchronized boolean open(boolean readOnly) {
        if (writer || (!readOnly && readers > 0)) {
            return false;
        }
        if (readOnly) {
            readers++;
        } else {
            writer = true;
        }
        return true;
    }

    synchronized void close(boolean readOnly) {
        if (readOnly) {
            readers--;
        } else {
            writer = false;
        }
    }

    long sizeBytes() {
        return sizeBytes;
    }

    void resize(long newSizeBytes) {
        sizeBytes = newSizeBytes;
    }

    long allocatedBytes() {
        return (long) pages.size() * PAGE_BYTES;
    }

    synchronized byte[] superblock(int copy) {
        return superblocks[copy].clone();
    }

    synchronized void superblock(int copy, byte[] bytes) {
        superblocks[copy] = bytes.clone();
    }

    /** Returns whether the page that holds {@code offsetBytes} is not allocated. */
    boolean isHole(long offsetBytes) {
        return !pages.containsKey(offsetBytes / PAGE_BYTES);
    }

    /** Returns the extents of the range; the cost depends on the allocated pages, not on the length of the range. */
    List<Extent> extents(ByteRange range, int maxExtents) {
        ExtentList extents = new ExtentList(maxExtents);
        long at = range.offsetBytes();
        boolean goesOn = true;
        while (goesOn && at < range.endBytes()) {
            Long stored = pages.ceilingKey(at / PAGE_BYTES);
            long data = stored == null ? range.endBytes() : Math.max(at, stored * PAGE_BYTES);
            if (data > at) {
                long holeEnd = Math.min(data, range.endBytes());
                goesOn = extents.add(holeEnd - at, Extent.Kind.HOLE);
                at = holeEnd;
            } else {
                long pageEnd = Math.min((at / PAGE_BYTES + 1) * PAGE_BYTES, range.endBytes());
                goesOn = extents.add(pageEnd - at, Extent.Kind.DATA);
                at = pageEnd;
            }
        }
        return extents.finish();
    }

    void read(long offsetBytes, ByteBuf into, int index, int lengthBytes) {
        eachPage(offsetBytes, lengthBytes, (page, inPage, done, count) -> {
            byte[] bytes = pages.get(page);
            if (bytes == null) {
                into.setZero(index + (int) done, count);
            } else {
                into.setBytes(index + (int) done, bytes, inPage, count);
            }
        });
    }

    void write(long offsetBytes, ByteBuf from, int index, int lengthBytes) {
        eachPage(offsetBytes, lengthBytes, (page, inPage, done, count) -> {
            byte[] bytes = pages.computeIfAbsent(page, p -> new byte[PAGE_BYTES]);
            from.getBytes(index + (int) done, bytes, inPage, count);
        });
    }

    /** Zeroes the range and frees whole pages; the cost depends on the allocated pages, not on the length of the range. */
    void zero(long offsetBytes, long lengthBytes) {
        long endBytes = offsetBytes + lengthBytes;
        long firstPage = offsetBytes / PAGE_BYTES;
        long lastPage = (endBytes - 1) / PAGE_BYTES;
        for (Long page : pages.subMap(firstPage, true, lastPage, true).keySet()) {
            long pageStart = page * PAGE_BYTES;
            int from = (int) Math.max(0, offsetBytes - pageStart);
            int to = (int) Math.min(PAGE_BYTES, endBytes - pageStart);
            ReentrantLock lock = lock(page);
            lock.lock();
            try {
                if (from == 0 && to == PAGE_BYTES) {
                    pages.remove(page);
                } else {
                    java.util.Arrays.fill(pages.getOrDefault(page, new byte[PAGE_BYTES]), from, to, (byte) 0);
                }
            } finally {
                lock.unlock();
            }
        }
    }

    @FunctionalInterface
    private interface PagePart {
        void apply(long page, int inPage, long done, int count);
    }

    private void eachPage(long offsetBytes, int lengthBytes, PagePart part) {
        long done = 0;
        while (done < lengthBytes) {
            long page = (offsetBytes + done) / PAGE_BYTES;
            int inPage = (int) ((offsetBytes + done) % PAGE_BYTES);
            int count = (int) Math.min(PAGE_BYTES - inPage, lengthBytes - done);
            ReentrantLock lock = lock(page);
            lock.lock();
            try {
                part.apply(page, inPage, done, count);
            } finally {
                lock.unlock();
            }
            done += count;
        }
    }

    private ReentrantLock lock(long page) {
        return locks[(int) (page % LOCKS)];
    }
}
