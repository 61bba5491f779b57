package org.kiobd.volume.store.file;

import java.nio.file.Path;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;
import org.kiobd.volume.store.MemberCopy;

/** A copy of a file that shares its blocks, where the file system can do that: xfs and btrfs, for two. */
final class FileCopy implements MemberCopy {
    private final OpenFile file;
    private final Path from;
    private final Path to;
    private final int fd;

    private FileCopy(OpenFile file, Path from, Path to, int fd) {
        this.file = file;
        this.from = from;
        this.to = to;
        this.fd = fd;
    }

    /** Makes {@code to}; tries it once, so that what is left to do later is little, and will work. */
    static FileCopy begin(OpenFile file, Path from, Path to) throws BlockIoException {
        int fd = FileMemberStoreProvider.open(to, Libc.O_RDWR | Libc.O_CREAT | Libc.O_EXCL);
        FileCopy copy = new FileCopy(file, from, to, fd);
        try {
            copy.approach();
            copy.fix();
            return copy;
        } catch (BlockIoException e) {
            copy.close();
            to.toFile().delete();
            throw e;
        }
    }

    @Override
    public void approach() throws BlockIoException {
        // What is not on the disk yet cannot be shared, and would be written while everybody waits.
        if (!file.isReadOnly() && file.syncRounds().now() != 0) {
            throw new BlockIoException(IoError.IO, from + ": a sync failed, so it is not copied");
        }
    }

    @Override
    public void fix() throws BlockIoException {
        while (Libc.ioctl(fd, Libc.FICLONE, file.fd()) != 0) {
            int errno = Libc.errno();
            switch (errno) {
                case Errno.EINTR -> {}
                case Errno.EOPNOTSUPP, Errno.ENOTTY, Errno.EXDEV, Errno.EINVAL ->
                    throw new BlockIoException(
                            IoError.NOT_SUPPORTED,
                            from + ": its file system cannot share its blocks with a copy; nothing was made;"
                                    + " file: members can be snapshotted on xfs and btrfs, rocksdb: members on any"
                                    + " (kiobd copy NAME NEW --store rocksdb); kiobd copy and kiobd export make full copies");
                default -> throw FileMemberStoreProvider.failure(to, errno);
            }
        }
    }

    @Override
    public void complete() throws BlockIoException {
        if (Libc.fsync(fd) != 0) {
            throw FileMemberStoreProvider.failure(to, Libc.errno());
        }
        FileMemberStoreProvider.syncFolder(to);
    }

    @Override
    public void close() {
        Libc.close(fd);
    }
}
