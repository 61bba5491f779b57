package org.kiobd.nbd.protocol;

/** The error numbers a reply may carry. The specification names no others. */
public final class NbdErrno {
    public static final int NBD_SUCCESS = 0;
    public static final int NBD_EPERM = 1;
    public static final int NBD_EIO = 5;
    public static final int NBD_ENOMEM = 12;
    public static final int NBD_EINVAL = 22;
    public static final int NBD_ENOSPC = 28;
    public static final int NBD_EOVERFLOW = 75;
    public static final int NBD_ENOTSUP = 95;
    public static final int NBD_ESHUTDOWN = 108;

    private NbdErrno() {}

    /** Returns the name of an error for logs and messages; the number itself if the specification has no such error. */
    public static String name(int errno) {
        return switch (errno) {
            case NBD_SUCCESS -> "NBD_SUCCESS";
            case NBD_EPERM -> "NBD_EPERM";
            case NBD_EIO -> "NBD_EIO";
            case NBD_ENOMEM -> "NBD_ENOMEM";
            case NBD_EINVAL -> "NBD_EINVAL";
            case NBD_ENOSPC -> "NBD_ENOSPC";
            case NBD_EOVERFLOW -> "NBD_EOVERFLOW";
            case NBD_ENOTSUP -> "NBD_ENOTSUP";
            case NBD_ESHUTDOWN -> "NBD_ESHUTDOWN";
            default -> "errno=" + Integer.toUnsignedString(errno);
        };
    }
}
