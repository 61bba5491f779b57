package org.kiobd.store.file;

import com.sun.jna.Native;
import com.sun.jna.Pointer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Asks the kernel whether a range of a file is in the page cache. cachestat(2), since Linux 6.5, tells whether all pages are present;
 * without it the answer is always no. A present page may be under readahead and not filled yet, so the first and the last byte are read
 * with RWF_NOWAIT as a further test. The pages may be evicted at any time after the answer. Any thread.
 */
final class CachedPages {
    private static final int PAGE_BYTES = 4096;
    private static final ThreadLocal<CachedPages> OF_THREAD = ThreadLocal.withInitial(CachedPages::new);

    /** Layout of the native memory: struct cachestat_range at 0, then struct cachestat, one struct iovec, and the byte it reads into. */
    private static final int CACHESTAT_AT = Libc.CACHESTAT_RANGE_BYTES;

    private static final int IOVEC_AT = CACHESTAT_AT + Libc.CACHESTAT_BYTES;
    private static final int BYTE_AT = IOVEC_AT + 2 * Long.BYTES;

    private static volatile boolean unsupported;

    private final ByteBuffer memory =
            ByteBuffer.allocateDirect(BYTE_AT + Long.BYTES).order(ByteOrder.nativeOrder());
    private final long address = Pointer.nativeValue(Native.getDirectBufferPointer(memory));

    private CachedPages() {
        memory.putLong(IOVEC_AT, address + BYTE_AT).putLong(IOVEC_AT + Long.BYTES, 1);
    }

    /** Returns whether all pages of {@code [offsetBytes, offsetBytes + lengthBytes)}, not empty, are in the page cache. */
    static boolean hold(int fd, long offsetBytes, long lengthBytes) {
        return !unsupported && OF_THREAD.get().ask(fd, offsetBytes, lengthBytes);
    }

    private boolean ask(int fd, long offsetBytes, long lengthBytes) {
        memory.putLong(0, offsetBytes).putLong(Long.BYTES, lengthBytes);
        if (Libc.syscall(Libc.SYS_CACHESTAT, fd, address, address + CACHESTAT_AT, 0) != 0) {
            if (Libc.errno() == Errno.ENOSYS) {
                unsupported = true;
            }
            return false;
        }
        long lastBytes = offsetBytes + lengthBytes - 1;
        long pages = lastBytes / PAGE_BYTES - offsetBytes / PAGE_BYTES + 1;
        return memory.getLong(CACHESTAT_AT) >= pages && isRead(fd, lastBytes) && isRead(fd, offsetBytes);
    }

    private boolean isRead(int fd, long atBytes) {
        return Libc.preadv2(fd, address + IOVEC_AT, 1, atBytes, Libc.RWF_NOWAIT) == 1;
    }
}
