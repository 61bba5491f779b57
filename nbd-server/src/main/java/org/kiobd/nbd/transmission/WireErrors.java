package org.kiobd.nbd.transmission;

import org.kiobd.nbd.protocol.NbdErrno;
import org.kiobd.volume.IoError;

/**
 * The one mapping from what went wrong to what the client is told. ENOTSUP and EOVERFLOW are reserved for features that are not
 * negotiated here; ESHUTDOWN is never sent, for Linux would make it an I/O error of the file system.
 */
final class WireErrors {
    private WireErrors() {}

    /** @throws IllegalArgumentException for DROPPED, which is never answered */
    static int of(IoError error) {
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
