package org.kiobd.attach.netlink;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** A netlink call that the kernel refused, or that could not be made. */
public final class NetlinkException extends IOException {
    private static final long serialVersionUID = 1L;

    private final int errno;

    NetlinkException(String message, int errno) {
        this(message, errno, null);
    }

    NetlinkException(String message, int errno, @Nullable Throwable cause) {
        super(message, cause);
        this.errno = errno;
    }

    /** Returns the error number of the kernel; 0 if it did not answer. */
    public int errno() {
        return errno;
    }
}
