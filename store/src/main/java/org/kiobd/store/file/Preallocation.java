package org.kiobd.store.file;

import java.nio.file.Files;
import java.nio.file.Path;
import org.kiobd.volume.BlockIoException;

/** Creates files that reserve disk space without being written to, so that it can be freed when it is needed. Any thread. */
public final class Preallocation {
    private Preallocation() {}

    /**
     * Creates {@code file}, which only its owner may read, with {@code bytes} bytes allocated, or extends it if it is shorter.
     *
     * @throws BlockIoException if there is not enough space, or the file system cannot preallocate; a new file is deleted again
     */
    public static void make(Path file, long bytes) throws BlockIoException {
        boolean wasThere = Files.exists(file);
        int fd = FileMemberStoreProvider.open(file, Libc.O_RDWR | Libc.O_CREAT);
        try {
            if (Libc.fallocate(fd, 0, 0, bytes) != 0) {
                int errno = Libc.errno();
                if (!wasThere) {
                    // Also frees the part that was allocated.
                    file.toFile().delete();
                }
                throw FileMemberStoreProvider.failure(file, errno);
            }
        } finally {
            Libc.close(fd);
        }
    }
}
