package org.kiobd.volume.store.file;

import com.sun.jna.Native;
import com.sun.jna.Pointer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Asks the kernel whether a range of a file lies in its page cache: cachestat(2), Linux 6.5 and newer; elsewhere nothing is known to. What
 * is told may be over a moment later. Any thread.
 */
final class CachedPages {
    private static final int PAGE_BYTES = 4096;
    private static final ThreadLocal<CachedPages> OF_THREAD = ThreadLocal.withInitial(CachedPages::new);
    private static volatile boolean unsupported;

    private final ByteBuffer memory = ByteBuffer.allocateDirect(Libc.CACHESTAT_RANGE_BYTES + Libc.CACHESTAT_BYTES)
            .order(ByteOrder.nativeOrder());
    private final long address = Pointer.nativeValue(Native.getDirectBufferPointer(memory));

    private CachedPages() {}

    /** Whether all pages of {@code [offsetBytes, offsetBytes + lengthBytes)}, not empty, are there. */
    static boolean hold(int fd, long offsetBytes, long lengthBytes) {
        return !unsupported && OF_THREAD.get().ask(fd, offsetBytes, lengthBytes);
    }

    private boolean ask(int fd, long offsetBytes, long lengthBytes) {
        memory.putLong(0, offsetBytes).putLong(Long.BYTES, lengthBytes);
        if (Libc.syscall(Libc.SYS_CACHESTAT, fd, address, address + Libc.CACHESTAT_RANGE_BYTES, 0) != 0) {
            if (Libc.errno() == Errno.ENOSYS) {
                unsupported = true;
            }
            return false;
        }
        long pages = (offsetBytes + lengthBytes - 1) / PAGE_BYTES - offsetBytes / PAGE_BYTES + 1;
        return memory.getLong(Libc.CACHESTAT_RANGE_BYTES) >= pages;
    }
}
