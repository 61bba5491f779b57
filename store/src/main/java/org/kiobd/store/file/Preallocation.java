package org.kiobd.store.file;

import java.nio.file.Files;
import java.nio.file.Path;
import org.kiobd.volume.BlockIoException;

/** A file whose space is taken, though nothing is written to it, for who wants to have it later. Any thread. */
public final class Preallocation {
    private Preallocation() {}

    /**
     * Makes {@code file}, which only its owner may read, {@code bytes} long, or longer if it was shorter.
     *
     * @throws BlockIoException if there is no space for that, or the file system cannot do it; then it is as it was, or not there
     */
    public static void make(Path file, long bytes) throws BlockIoException {
        boolean wasThere = Files.exists(file);
        int fd = FileMemberStoreProvider.open(file, Libc.O_RDWR | Libc.O_CREAT);
        try {
            if (Libc.fallocate(fd, 0, 0, bytes) != 0) {
                int errno = Libc.errno();
                if (!wasThere) {
                    // What it did get is given back, too.
                    file.toFile().delete();
                }
                throw FileMemberStoreProvider.failure(file, errno);
            }
        } finally {
            Libc.close(fd);
        }
    }
}
