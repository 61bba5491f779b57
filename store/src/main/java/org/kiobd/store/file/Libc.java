package org.kiobd.store.file;

import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;

/**
 * The system calls that Java lacks, by JNA direct mapping, and nothing else. Each call behaves as in its man page and returns -1 on
 * failure; {@link #errno()} must be read on the same thread before the next call. Addresses are plain numbers: only 64-bit Linux is
 * supported.
 */
final class Libc {
    /** open(2). */
    static final int O_RDONLY = 0;

    static final int O_RDWR = 2;
    static final int O_CREAT = 0100;
    static final int O_EXCL = 0200;
    static final int O_DIRECTORY = aarch64() ? 040000 : 0200000;
    static final int O_DIRECT = aarch64() ? 0200000 : 040000;
    static final int O_CLOEXEC = 02000000;

    /** Must be combined with {@link #O_DIRECTORY}, which is a part of the kernel's O_TMPFILE. */
    static final int O_TMPFILE = 020000000;

    /** fallocate(2). */
    static final int FALLOC_FL_KEEP_SIZE = 1;

    static final int FALLOC_FL_PUNCH_HOLE = 2;
    static final int FALLOC_FL_ZERO_RANGE = 16;

    /** fcntl(2), open file description locks. */
    static final int F_OFD_SETLK = 37;

    static final int F_DUPFD_CLOEXEC = 1030;

    static final short F_RDLCK = 0;
    static final short F_WRLCK = 1;

    /** ioctl_ficlone(2). */
    static final long FICLONE = 0x40049409L;

    static final long FICLONERANGE = 0x4020940DL;
    static final int CLONE_RANGE_BYTES = 32;

    /** The ioctl of Documentation/filesystems/fiemap.rst. */
    static final long FS_IOC_FIEMAP = 0xC020660BL;

    /** lseek(2). */
    static final int SEEK_END = 2;

    static final int SEEK_DATA = 3;
    static final int SEEK_HOLE = 4;

    /** posix_fadvise(2). */
    static final int POSIX_FADV_WILLNEED = 3;

    /** preadv2(2): fail with EAGAIN instead of waiting for the medium. */
    static final int RWF_NOWAIT = 8;

    /** cachestat(2), since Linux 6.5: its number on every architecture, and the sizes of its two structures. */
    static final long SYS_CACHESTAT = 451;

    static final int CACHESTAT_RANGE_BYTES = 16;
    static final int CACHESTAT_BYTES = 40;

    /** statx(2): its flags, the size of struct statx and the offsets of some of its fields. */
    static final int AT_FDCWD = -100;

    static final int AT_EMPTY_PATH = 0x1000;
    static final int AT_SYMLINK_FOLLOW = 0x400;
    /** renameat2(2), since Linux 3.15: fail instead of replacing a file. */
    static final int RENAME_NOREPLACE = 1;

    static final int STATX_TYPE = 1;
    static final int STATX_BLOCKS = 0x400;
    /** Since Linux 6.1. */
    static final int STATX_DIOALIGN = 0x2000;

    static final int STATX_BYTES = 256;
    static final int STATX_MODE_OFFSET = 28;
    static final int STATX_BLOCKS_OFFSET = 48;
    static final int STATX_DIO_MEM_ALIGN_OFFSET = 152;
    static final int STATX_DIO_OFFSET_ALIGN_OFFSET = 156;

    /** inode(7): the file type in a mode. */
    static final int S_IFMT = 0170000;

    static final int S_IFDIR = 0040000;
    static final int S_IFBLK = 0060000;
    static final int S_IFREG = 0100000;

    static {
        // Use the C library of this process: to find one by name, JNA would start ldconfig.
        Native.register(Libc.class, NativeLibrary.getProcess());
    }

    private Libc() {}

    /** Initializes this class; throws a LinkageError with the reason if that fails. */
    static void load() {}

    private static boolean aarch64() {
        return "aarch64".equals(System.getProperty("os.arch"));
    }

    /** Returns the errno of this thread's last call. */
    static int errno() {
        return Native.getLastError();
    }

    /** open(2). */
    static native int open(String path, int flags, int mode);

    /** close(2). */
    static native int close(int fd);

    /** pread(2). */
    static native long pread(int fd, long address, long count, long offset);

    /** pwrite(2). */
    static native long pwrite(int fd, long address, long count, long offset);

    /** preadv(2). */
    static native long preadv(int fd, long iovecs, int count, long offset);

    /** pwritev(2). */
    static native long pwritev(int fd, long iovecs, int count, long offset);

    /** preadv2(2). */
    static native long preadv2(int fd, long iovecs, int count, long offset, int flags);

    /** fdatasync(2). */
    static native int fdatasync(int fd);

    /** fsync(2). */
    static native int fsync(int fd);

    /** ftruncate(2). */
    static native int ftruncate(int fd, long length);

    /** fallocate(2). */
    static native int fallocate(int fd, int mode, long offset, long length);

    /** linkat(2). */
    static native int linkat(int fromFolderFd, String from, int toFolderFd, String to, int flags);

    /** renameat2(2). */
    static native int renameat2(int fromFolderFd, String from, int toFolderFd, String to, int flags);

    /** lseek(2). */
    static native long lseek(int fd, long offset, int whence);

    /** fcntl(2) with an integer, or with a pointer to e.g. struct flock. */
    static native int fcntl(int fd, int command, long argument);

    /** ioctl(2). */
    static native int ioctl(int fd, long request, long argument);

    /** syscall(2) for cachestat(2), which has no wrapper in libc. */
    static native long syscall(long number, int fd, long range, long cachestat, int flags);

    /** posix_fadvise(2): returns the error instead of setting errno. */
    static native int posix_fadvise(int fd, long offset, long length, int advice);

    /** strerror(3), in the language of the process. */
    static native String strerror(int errno);

    /** umask(2). */
    static native int umask(int mask);

    /** statx(2). */
    static native int statx(int folderFd, String path, int flags, int mask, long buffer);
}
