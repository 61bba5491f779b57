package org.kiobd.store.file;

import com.sun.jna.Native;
import com.sun.jna.Pointer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Asks the kernel whether a range of a file can be had from its page cache: cachestat(2), Linux 6.5 and newer, says whether all pages are
 * there; elsewhere nothing is known to be. Those that are there may still be on their way from the medium, read ahead: so the first and the
 * last byte are read, unless that would have to wait. What is told may be over a moment later. Any thread.
 */
final class CachedPages {
    private static final int PAGE_BYTES = 4096;
    private static final ThreadLocal<CachedPages> OF_THREAD = ThreadLocal.withInitial(CachedPages::new);

    /** What the calls read and write: the range, what is cached of it, a list of one place, and the byte that is read there. */
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

    /** Whether all pages of {@code [offsetBytes, offsetBytes + lengthBytes)}, not empty, are there. */
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
