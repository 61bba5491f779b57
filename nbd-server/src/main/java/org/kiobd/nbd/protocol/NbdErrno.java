package org.kiobd.nbd.protocol;

/** The errors a reply may carry. The specification names no others. */
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
}
