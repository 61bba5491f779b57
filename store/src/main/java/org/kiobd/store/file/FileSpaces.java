package org.kiobd.store.file;

import java.io.IOException;
import java.nio.file.Path;

/** Tells and frees the space that files take. Stateless; calls block. */
public final class FileSpaces {
    private FileSpaces() {}

    /**
     * Frees the space of a range, which then reads as zeros; the size of the file stays.
     *
     * @return false, with nothing done, on a file system without holes
     * @throws IOException if the file cannot be opened or changed
     */
    public static boolean punch(Path file, long offsetBytes, long lengthBytes) throws IOException {
        int fd = open(file, Libc.O_RDWR);
        try {
            int mode = Libc.FALLOC_FL_PUNCH_HOLE | Libc.FALLOC_FL_KEEP_SIZE;
            while (Libc.fallocate(fd, mode, offsetBytes, lengthBytes) != 0) {
                int errno = Libc.errno();
                if (errno == Errno.EOPNOTSUPP) {
                    return false;
                }
                if (errno != Errno.EINTR) {
                    throw new IOException(file + ": " + Libc.strerror(errno));
                }
            }
            return true;
        } finally {
            Libc.close(fd);
        }
    }

    private static int open(Path file, int flags) throws IOException {
        int fd = Libc.open(file.toString(), flags | Libc.O_CLOEXEC, 0);
        if (fd < 0) {
            throw new IOException(file + ": " + Libc.strerror(Libc.errno()));
        }
        return fd;
    }

    /** Receives ranges of a file. */
    @FunctionalInterface
    public interface Ranges {
        void range(long offsetBytes, long lengthBytes);
    }

    /** Tells which ranges of a file have data, in ascending order; all of it where the file system cannot tell. */
    public static void walkData(Path file, Ranges ranges) throws IOException {
        int fd = open(file, Libc.O_RDONLY);
        try {
            long end = Libc.lseek(fd, 0, Libc.SEEK_END);
            long at = 0;
            while (at < end) {
                long data = Libc.lseek(fd, at, Libc.SEEK_DATA);
                if (data < 0 && Libc.errno() == Errno.ENXIO) {
                    return;
                }
                long from = data < 0 ? at : data;
                long hole = data < 0 ? end : Libc.lseek(fd, from, Libc.SEEK_HOLE);
                at = hole <= from ? end : Math.min(hole, end);
                ranges.range(from, at - from);
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
