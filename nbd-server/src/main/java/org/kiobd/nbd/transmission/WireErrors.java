package org.kiobd.nbd.transmission;

import org.kiobd.nbd.protocol.NbdErrno;
import org.kiobd.volume.IoError;
import org.kiobd.volume.kiobuf.Kiobuf;

/**
 * Maps internal errors to the errors that a client is told; the only such mapping. ENOTSUP is for NBD_CMD_FLAG_FAST_ZERO only. ESHUTDOWN is
 * never sent, because Linux would turn it into an I/O error of the file system.
 */
final class WireErrors {
    private WireErrors() {}

    /**
     * Returns the failure to report for a request that was executed and failed.
     *
     * @throws IllegalArgumentException for DROPPED, which is never answered
     */
    static Failure of(Kiobuf request, IoError error) {
        if (error == IoError.NOT_SUPPORTED && request.has(Kiobuf.FAST_ZERO)) {
            return new Failure(
                    NbdErrno.NBD_ENOTSUP,
                    "zeroing this range would be no faster than writing zeros; nothing was changed");
        }
        long at = request.failedAtBytes();
        boolean located = at >= 0 && at < request.lengthBytes();
        return new Failure(errno(error), text(error), located ? request.offsetBytes() + at : -1);
    }

    /** Returns a text for a person at the client; the server's log has the details. */
    static String text(IoError error) {
        return switch (error) {
            case IO -> "the storage failed; see the server's log";
            case NO_SPACE -> "the storage is full";
            case NOT_PERMITTED -> "the export is read-only";
            case NO_MEMORY -> "the server is out of memory";
            case INVALID -> "the range is not in the export";
            case NOT_SUPPORTED, OVERFLOW -> "the storage cannot do this";
            case DROPPED -> throw new IllegalArgumentException("a dropped request has no answer");
        };
    }

    /**
     * Returns the errno on the wire.
     *
     * @throws IllegalArgumentException for DROPPED, which is never answered
     */
    static int errno(IoError error) {
        return switch (error) {
            case IO -> NbdErrno.NBD_EIO;
            case NO_SPACE -> NbdErrno.NBD_ENOSPC;
            case NOT_PERMITTED -> NbdErrno.NBD_EPERM;
            case NO_MEMORY -> NbdErrno.NBD_ENOMEM;
            case INVALID, NOT_SUPPORTED, OVERFLOW -> NbdErrno.NBD_EINVAL;
            case DROPPED -> throw new IllegalArgumentException("a dropped request has no answer");
        };
    }
}
