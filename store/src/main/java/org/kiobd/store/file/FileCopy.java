package org.kiobd.store.file;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import org.kiobd.store.MemberCopy;
import org.kiobd.store.MemberStore;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;

/** A copy of a file that shares its blocks, on file systems that support FICLONE, e.g. xfs and btrfs. */
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

    /** Creates {@code to}, and tests whether it can share blocks with {@code from}. */
    static FileCopy begin(OpenFile file, Path from, Path to) throws BlockIoException {
        int fd = FileMemberStoreProvider.open(to, Libc.O_RDWR | Libc.O_CREAT | Libc.O_EXCL);
        FileCopy copy = new FileCopy(file, from, to, fd);
        try {
            copy.approach();
            copy.tryOnce();
            return copy;
        } catch (BlockIoException e) {
            copy.close();
            to.toFile().delete();
            throw e;
        }
    }

    @Override
    public void approach() throws BlockIoException {
        // FICLONE writes out dirty pages first: do that here, not while writes to the member are held back.
        if (!file.isReadOnly() && file.syncRounds().now() != 0) {
            throw new BlockIoException(IoError.IO, from + ": a sync failed, so it is not copied");
        }
    }

    /** Clones only the first superblock: {@link #fix} would take longer if the target already shared many blocks. */
    private void tryOnce() throws BlockIoException {
        ByteBuffer range = ByteBuffer.allocateDirect(Libc.CLONE_RANGE_BYTES).order(ByteOrder.nativeOrder());
        range.putLong(file.fd())
                .putLong(0)
                .putLong(MemberStore.SUPERBLOCK_BYTES)
                .putLong(0);
        ioctl(Libc.FICLONERANGE, FileMemberStoreProvider.addressOf(range));
    }

    @Override
    public void fix() throws BlockIoException {
        ioctl(Libc.FICLONE, file.fd());
    }

    private void ioctl(long request, long argument) throws BlockIoException {
        while (Libc.ioctl(fd, request, argument) != 0) {
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
