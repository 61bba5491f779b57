package org.kiobd.store.file;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;

/**
 * A lock on a member, so that no two servers use the member at once. It is an open file description lock (fcntl(2)), which, unlike a
 * POSIX lock, is not lost when this process closes another descriptor of the file. Any thread; closed once.
 */
public final class MemberLock implements AutoCloseable {
    private static final int FLOCK_BYTES = 32;

    private static final int NONE = -1;

    private final int fd;

    private MemberLock(int fd) {
        this.fd = fd;
    }

    /**
     * Takes the lock on {@code file}, a dedicated lock file, which is created if it is missing. If opening it for writing is not permitted,
     * a shared lock uses a read-only descriptor; if the file is missing or reading is not permitted either, no lock is taken: nobody
     * writes to read-only media.
     *
     * @param shared whether other readers may share the lock
     * @throws BlockIoException if another server has the lock, or the file cannot be opened
     */
    public static MemberLock take(Path file, boolean shared) throws BlockIoException {
        int fd;
        try {
            fd = FileMemberStoreProvider.open(file, Libc.O_RDWR | Libc.O_CREAT);
        } catch (BlockIoException e) {
            if (!shared || e.error() != IoError.NOT_PERMITTED) {
                throw e;
            }
            fd = openForReading(file);
            if (fd == NONE) {
                return new MemberLock(NONE);
            }
        }
        try {
            lock(file, fd, shared);
            return new MemberLock(fd);
        } catch (BlockIoException e) {
            Libc.close(fd);
            throw e;
        }
    }

    private static int openForReading(Path file) throws BlockIoException {
        try {
            return Files.exists(file) ? FileMemberStoreProvider.open(file, Libc.O_RDONLY) : NONE;
        } catch (BlockIoException e) {
            if (e.error() != IoError.NOT_PERMITTED) {
                throw e;
            }
            return NONE;
        }
    }

    static void lock(Path path, int fd, boolean shared) throws BlockIoException {
        ByteBuffer flock = ByteBuffer.allocateDirect(FLOCK_BYTES).order(ByteOrder.nativeOrder());
        flock.putShort(0, shared ? Libc.F_RDLCK : Libc.F_WRLCK);
        if (Libc.fcntl(fd, Libc.F_OFD_SETLK, FileMemberStoreProvider.addressOf(flock)) != 0) {
            int errno = Libc.errno();
            if (errno == Errno.EAGAIN || errno == Errno.EACCES) {
                throw new BlockIoException(
                        IoError.NOT_PERMITTED,
                        path + " is in use by another server; it was not touched; stop that server first");
            }
            throw FileMemberStoreProvider.failure(path, errno);
        }
    }

    @Override
    public void close() {
        if (fd != NONE) {
            Libc.close(fd);
        }
    }
}
