package org.kiobd.attach;

import com.sun.jna.LastErrorException;
import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import java.io.IOException;
import java.nio.file.Path;
import org.kiobd.attach.libc.Libc;

/** A read that bypasses the page cache, so that the device answers it. Stateless; calls block. */
final class DirectRead {
    /** open(2). */
    private static final int O_DIRECT = "aarch64".equals(System.getProperty("os.arch")) ? 0200000 : 040000;

    private static final int O_CLOEXEC = 02000000;

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
            fd = Libc.open(device.toString(), O_DIRECT | O_CLOEXEC, 0);
            long address = Pointer.nativeValue(memory);
            long aligned = (address + bytes - 1) / bytes * bytes;
            if (Libc.pread(fd, memory.share(aligned - address), bytes, 0) <= 0) {
                throw new IOException("it is empty");
            }
        } catch (LastErrorException e) {
            throw new IOException(e.getMessage(), e);
        } finally {
            if (fd >= 0) {
                Libc.close(fd);
            }
        }
    }
}
