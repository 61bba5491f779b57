package org.kiobd.nbd.transmission;

import static org.kiobd.nbd.protocol.CommandFlags.NBD_CMD_FLAG_FUA;
import static org.kiobd.nbd.protocol.CommandFlags.NBD_CMD_FLAG_NO_HOLE;
import static org.kiobd.nbd.protocol.NbdErrno.NBD_EINVAL;
import static org.kiobd.nbd.protocol.NbdErrno.NBD_ENOSPC;
import static org.kiobd.nbd.protocol.NbdErrno.NBD_EPERM;
import static org.kiobd.nbd.protocol.NbdErrno.NBD_SUCCESS;

import org.kiobd.nbd.protocol.NbdCommand;
import org.kiobd.volume.BlockDevice;
import org.kiobd.volume.ByteRange;

/**
 * The list of what is wrong with a request, each with its errno; the first that applies decides. Against the device's size of this
 * moment, not that of the handshake: a mounted volume can grow. Pure but for that.
 */
final class RequestValidator {
    private final BlockDevice device;
    private final boolean readOnly;
    private final long maximumPayloadBytes;

    RequestValidator(BlockDevice device, long maximumPayloadBytes) {
        this.device = device;
        this.readOnly = device.info().readOnly();
        this.maximumPayloadBytes = maximumPayloadBytes;
    }

    /**
     * Checks one request other than DISC.
     *
     * @param offset as on the wire: negative is 2^63 or more
     * @param length 0 to 2^32 - 1
     * @return NBD_SUCCESS, or the error to answer with
     */
    int check(NbdCommand command, int flags, long offset, long length) {
        if (!isOffered(command)) {
            return NBD_EINVAL;
        }
        if ((flags & ~allowedFlags(command)) != 0) {
            return NBD_EINVAL;
        }
        if (readOnly && command.mutates()) {
            return NBD_EPERM;
        }
        if (command == NbdCommand.FLUSH) {
            // Offset and length are reserved: not our business.
            return NBD_SUCCESS;
        }
        if (command == NbdCommand.READ && length > maximumPayloadBytes) {
            return NBD_EINVAL;
        }
        if (!ByteRange.isValid(offset, length)) {
            return NBD_EINVAL;
        }
        if (!ByteRange.fits(offset, length, device.sizeBytes())) {
            return growsWhatIsStored(command) ? NBD_ENOSPC : NBD_EINVAL;
        }
        return NBD_SUCCESS;
    }

    private static boolean isOffered(NbdCommand command) {
        return switch (command) {
            case READ, WRITE, FLUSH, TRIM, CACHE, WRITE_ZEROES -> true;
            case DISC, BLOCK_STATUS, RESIZE, UNKNOWN -> false;
        };
    }

    /** FUA may stand on anything; the rest has to mean something. */
    private static int allowedFlags(NbdCommand command) {
        return command == NbdCommand.WRITE_ZEROES ? NBD_CMD_FLAG_FUA | NBD_CMD_FLAG_NO_HOLE : NBD_CMD_FLAG_FUA;
    }

    private static boolean growsWhatIsStored(NbdCommand command) {
        return command == NbdCommand.WRITE || command == NbdCommand.WRITE_ZEROES;
    }
}
