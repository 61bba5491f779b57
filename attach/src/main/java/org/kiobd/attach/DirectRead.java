package org.kiobd.attach;

import com.sun.jna.LastErrorException;
import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import java.io.IOException;
import java.nio.file.Path;

/** A read that bypasses the page cache, so that the device answers it. Stateless; calls block. */
final class DirectRead {
    /** open(2). */
    private static final int O_DIRECT = "aarch64".equals(System.getProperty("os.arch")) ? 0200000 : 040000;

    private static final int O_CLOEXEC = 02000000;

    static {
        Native.register(DirectRead.class, NativeLibrary.getProcess());
    }

    private DirectRead() {}

    /**
     * Reads the first bytes of a device and forgets them.
     *
     * @param bytes a multiple of the device's block, a power of two
     * @throws IOException if they cannot be read
     */
    static void firstBytes(Path device, int bytes) throws IOException {
        int fd = -1;
        try (Memory memory = new Memory(2L * bytes)) {
            fd = open(device.toString(), O_DIRECT | O_CLOEXEC, 0);
            long address = Pointer.nativeValue(memory);
            long aligned = (address + bytes - 1) / bytes * bytes;
            if (pread(fd, memory.share(aligned - address), bytes, 0) <= 0) {
                throw new IOException("it is empty");
            }
        } catch (LastErrorException e) {
            throw new IOException(e.getMessage(), e);
        } finally {
            if (fd >= 0) {
                close(fd);
            }
        }
    }

    private static native int open(String path, int flags, int mode) throws LastErrorException;

    private static native long pread(int fd, Pointer buffer, long bytes, long offset) throws LastErrorException;

    private static native int close(int fd);
}
