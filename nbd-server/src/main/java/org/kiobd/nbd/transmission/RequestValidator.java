package org.kiobd.nbd.transmission;

import static org.kiobd.nbd.protocol.CommandFlags.NBD_CMD_FLAG_DF;
import static org.kiobd.nbd.protocol.CommandFlags.NBD_CMD_FLAG_FAST_ZERO;
import static org.kiobd.nbd.protocol.CommandFlags.NBD_CMD_FLAG_FUA;
import static org.kiobd.nbd.protocol.CommandFlags.NBD_CMD_FLAG_NO_HOLE;
import static org.kiobd.nbd.protocol.CommandFlags.NBD_CMD_FLAG_PAYLOAD_LEN;
import static org.kiobd.nbd.protocol.CommandFlags.NBD_CMD_FLAG_REQ_ONE;
import static org.kiobd.nbd.protocol.NbdErrno.NBD_EINVAL;
import static org.kiobd.nbd.protocol.NbdErrno.NBD_ENOSPC;
import static org.kiobd.nbd.protocol.NbdErrno.NBD_EPERM;

import org.jspecify.annotations.Nullable;
import org.kiobd.nbd.HeaderStyle;
import org.kiobd.nbd.Session;
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
    private final HeaderStyle style;
    private final int contexts;
    private final long maximumPayloadBytes;

    RequestValidator(Session session, long maximumPayloadBytes) {
        this.device = session.export().device();
        this.readOnly = device.info().readOnly();
        this.style = session.style();
        this.contexts = session.contexts().size();
        this.maximumPayloadBytes = maximumPayloadBytes;
    }

    /**
     * Bytes that follow the header, as an unsigned number, whether the request is right or not. A WRITE has its payload always: with
     * extended headers the specification wants NBD_CMD_FLAG_PAYLOAD_LEN on it, but qemu 10 sends it without.
     */
    long payloadBytes(NbdCommand command, int flags, long length) {
        boolean isMarked = style == HeaderStyle.EXTENDED && (flags & NBD_CMD_FLAG_PAYLOAD_LEN) != 0;
        return command == NbdCommand.WRITE || isMarked ? length : 0;
    }

    /**
     * Checks one request other than DISC, but for the range of a BLOCK_STATUS that has a payload: it stands in there.
     *
     * @param offset as on the wire: negative is 2^63 or more
     * @param length as on the wire: negative is 2^63 or more
     * @return null if it is right
     */
    @Nullable
    Failure check(NbdCommand command, int flags, long offset, long length) {
        if (!isOffered(command)) {
            return invalid("this server does not know " + command + ", or it was not negotiated");
        }
        int unknownFlags = flags & ~allowedFlags(command);
        if (unknownFlags != 0) {
            return invalid(command + " does not go with flags=0x" + Integer.toHexString(unknownFlags));
        }
        boolean hasPayload = (flags & NBD_CMD_FLAG_PAYLOAD_LEN) != 0;
        if (readOnly && command.mutates()) {
            return new Failure(NBD_EPERM, "the export is read-only");
        }
        if (command == NbdCommand.FLUSH) {
            // Offset and length are reserved. An extended reply echoes the offset, and then it has to be the one there
            // is.
            return style == HeaderStyle.EXTENDED && offset != 0
                    ? invalid("NBD_CMD_FLUSH covers the whole export: offset=" + Long.toUnsignedString(offset))
                    : null;
        }
        if (command == NbdCommand.BLOCK_STATUS && hasPayload) {
            return length < 8 + 4 || length > 8 + 4L * contexts || length % 4 != 0
                    ? invalid("the payload must hold a length and some of the " + contexts + " contexts: length="
                            + length)
                    : null;
        }
        return checkRange(command, offset, length);
    }

    /** Checks the range of a request that has one. */
    @Nullable
    Failure checkRange(NbdCommand command, long offset, long length) {
        if (command == NbdCommand.READ && Long.compareUnsigned(length, maximumPayloadBytes) > 0) {
            return invalid("at most " + maximumPayloadBytes + " bytes can be read at once: length="
                    + Long.toUnsignedString(length));
        }
        if (!ByteRange.isValid(offset, length)) {
            return invalid("no such range" + range(offset, length));
        }
        if (!ByteRange.fits(offset, length, device.sizeBytes())) {
            return new Failure(
                    growsWhatIsStored(command) ? NBD_ENOSPC : NBD_EINVAL,
                    "beyond the end: sizeBytes=" + device.sizeBytes() + range(offset, length));
        }
        return command == NbdCommand.BLOCK_STATUS && length == 0
                ? invalid("a range of no bytes has no status" + range(offset, length))
                : null;
    }

    private static String range(long offset, long length) {
        return " offset=" + Long.toUnsignedString(offset) + " length=" + Long.toUnsignedString(length);
    }

    private static Failure invalid(String text) {
        return new Failure(NBD_EINVAL, text);
    }

    private boolean isOffered(NbdCommand command) {
        return switch (command) {
            case READ, WRITE, FLUSH, TRIM, CACHE, WRITE_ZEROES -> true;
            case BLOCK_STATUS -> contexts > 0;
            case DISC, RESIZE, UNKNOWN -> false;
        };
    }

    /** FUA may stand on anything; the rest has to mean something. */
    private int allowedFlags(NbdCommand command) {
        int payload = style == HeaderStyle.EXTENDED ? NBD_CMD_FLAG_PAYLOAD_LEN : 0;
        return NBD_CMD_FLAG_FUA
                | switch (command) {
                    case READ -> style.hasChunks() ? NBD_CMD_FLAG_DF : 0;
                    case WRITE -> payload;
                    case WRITE_ZEROES -> NBD_CMD_FLAG_NO_HOLE | NBD_CMD_FLAG_FAST_ZERO;
                    case BLOCK_STATUS -> NBD_CMD_FLAG_REQ_ONE | payload;
                    case DISC, FLUSH, TRIM, CACHE, RESIZE, UNKNOWN -> 0;
                };
    }

    private static boolean growsWhatIsStored(NbdCommand command) {
        return command == NbdCommand.WRITE || command == NbdCommand.WRITE_ZEROES;
    }
}
