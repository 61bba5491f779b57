package org.kiobd.store.file;

import java.io.IOException;
import java.nio.file.Path;

/** Tells and frees the space that files take. Stateless; calls block. */
public final class FileSpaces {
    private FileSpaces() {}

    /**
     * Frees the space of a range, which then reads as zeros; the size of the file stays. Does nothing on a file system without holes.
     *
     * @throws IOException if the file cannot be opened or changed
     */
    public static void punch(Path file, long offsetBytes, long lengthBytes) throws IOException {
        int fd = Libc.open(file.toString(), Libc.O_RDWR | Libc.O_CLOEXEC, 0);
        if (fd < 0) {
            throw new IOException(file + ": " + Libc.strerror(Libc.errno()));
        }
        try {
            int mode = Libc.FALLOC_FL_PUNCH_HOLE | Libc.FALLOC_FL_KEEP_SIZE;
            while (Libc.fallocate(fd, mode, offsetBytes, lengthBytes) != 0) {
                int errno = Libc.errno();
                if (errno == Errno.EOPNOTSUPP) {
                    return;
                }
                if (errno != Errno.EINTR) {
                    throw new IOException(file + ": " + Libc.strerror(errno));
                }
            }
        } finally {
            Libc.close(fd);
        }
    }

    /** Returns the bytes that a file takes, without its holes; -1 if it does not exist or cannot be looked at. */
    public static long allocatedBytes(Path file) {
        return OpenFile.allocatedBytes(Libc.AT_FDCWD, file.toString(), 0);
    }
}
