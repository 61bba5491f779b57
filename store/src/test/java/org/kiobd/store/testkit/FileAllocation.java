package org.kiobd.store.testkit;

import com.sun.jna.Native;
import java.nio.file.Path;
import java.util.BitSet;

/**
 * What a file system has stored for a file, asked of it block by block and through a descriptor of its own: slow, and nothing in common
 * with how a store finds out.
 */
public final class FileAllocation {
    /** What one bit is about; no file system has smaller blocks. */
    public static final int UNIT_BYTES = 512;

    private static final int O_RDONLY = 0;
    private static final int SEEK_DATA = 3;
    private static final int ENXIO = 6;

    static {
        Native.register(FileAllocation.class, "c");
    }

    private FileAllocation() {}

    private static native int open(String path, int flags, int mode);

    private static native int close(int fd);

    private static native long lseek(int fd, long offset, int whence);

    /** A bit for each unit of {@code [offsetBytes, offsetBytes + lengthBytes)}: set where there is data. */
    public static BitSet of(Path file, long offsetBytes, long lengthBytes) {
        int fd = open(file.toString(), O_RDONLY, 0);
        if (fd < 0) {
            throw new AssertionError("cannot open " + file + " errno=" + Native.getLastError());
        }
        try {
            BitSet data = new BitSet();
            for (int unit = 0; (long) unit * UNIT_BYTES < lengthBytes; unit++) {
                long at = offsetBytes + (long) unit * UNIT_BYTES;
                long found = lseek(fd, at, SEEK_DATA);
                if (found < 0 && Native.getLastError() != ENXIO) {
                    throw new AssertionError("cannot look into " + file + " errno=" + Native.getLastError());
                }
                data.set(unit, found == at);
            }
            return data;
        } finally {
            close(fd);
        }
    }
}
