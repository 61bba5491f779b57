package org.kiobd.store.file;

import org.kiobd.volume.IoError;

/** Maps Linux error numbers to {@link IoError} for the data path and to messages for the control path. Stateless. */
final class Errno {
    static final int EPERM = 1;
    static final int ENOENT = 2;
    static final int EINTR = 4;
    static final int EIO = 5;
    static final int ENXIO = 6;
    static final int EBADF = 9;
    static final int EAGAIN = 11;
    static final int ENOMEM = 12;
    static final int EACCES = 13;
    static final int EBUSY = 16;
    static final int EEXIST = 17;
    static final int EXDEV = 18;
    static final int ENOTDIR = 20;
    static final int EISDIR = 21;
    static final int EINVAL = 22;
    static final int ENFILE = 23;
    static final int EMFILE = 24;
    static final int ENOTTY = 25;
    static final int EFBIG = 27;
    static final int ENOSPC = 28;
    static final int EROFS = 30;
    static final int EPIPE = 32;
    static final int ENAMETOOLONG = 36;
    static final int ENOSYS = 38;
    static final int ELOOP = 40;
    static final int EOPNOTSUPP = 95;
    static final int EDQUOT = 122;

    private Errno() {}

    /** Maps an errno to the error of the block layer; the data path has no other mapping. */
    static IoError toIoError(int errno) {
        return switch (errno) {
            case ENOSPC, EDQUOT, EFBIG -> IoError.NO_SPACE;
            case EPERM, EACCES, EROFS -> IoError.NOT_PERMITTED;
            case ENOMEM, EMFILE, ENFILE -> IoError.NO_MEMORY;
            case EOPNOTSUPP, ENOSYS -> IoError.NOT_SUPPORTED;
            default -> IoError.IO;
        };
    }

    /** Returns whether the caller should just retry the call. */
    static boolean isTransient(int errno) {
        return errno == EINTR || errno == EAGAIN;
    }

    /** Returns what happened and what to do, as text to follow the path. */
    static String describe(int errno) {
        return switch (errno) {
            case ENOENT -> "does not exist; check the path, or whether its file system is mounted";
            case EACCES, EPERM ->
                "permission denied; use an account that has permission, or change the file's permissions";
            case EBUSY -> "is in use: mounted, or part of another device; it was not touched; unmount it first";
            case EEXIST -> "exists already; nothing was changed; choose another path or remove it first";
            case ENOTDIR -> "part of the path is not a folder";
            case EISDIR -> "is a folder; a member is a file or a block device";
            case EROFS -> "is on a read-only file system; serve it with --read-only, or choose another place";
            case ENOSPC, EDQUOT -> "no space left on its file system; free some, or choose another place";
            case EFBIG -> "is larger than its file system allows for one file; use more members";
            case EIO -> "its medium fails (input/output error); look at the kernel's log";
            case EBADF -> "is closed";
            case EMFILE -> "too many open files; raise the limit (ulimit -n)";
            case ENFILE -> "too many open files on this machine; close some, or raise fs.file-max";
            case ENOMEM -> "no memory left; try again when there is some";
            case EINTR, EAGAIN -> "was interrupted; try again";
            case ENAMETOOLONG -> "path is too long";
            case ELOOP -> "too many symbolic links in the path";
            default -> "failed with errno=" + errno;
        };
    }
}
