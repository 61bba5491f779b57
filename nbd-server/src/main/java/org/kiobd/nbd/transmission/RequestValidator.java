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
 * Checks requests against a list of rules, each with its errno; the first rule that is violated decides. Uses the current size of the
 * device, not the size at the handshake, because a mounted volume can grow. Pure except for that.
 */
final class RequestValidator {
    private final BlockDevice device;
    private final boolean readOnly;
    private final HeaderStyle style;
    private final int contexts;
    private final long maximumPayloadBytes;

    RequestValidator(Session session) {
        this.device = session.export().device();
        this.readOnly = device.info().readOnly();
        this.style = session.style();
        this.contexts = session.contexts().size();
        this.maximumPayloadBytes = device.info().maximumPayloadBytes();
    }

    /**
     * Returns the number of bytes after the header, unsigned, whether the request is valid or not. A WRITE always has payload: with
     * extended headers the specification requires NBD_CMD_FLAG_PAYLOAD_LEN for it, but qemu 10 sends WRITEs without the flag.
     */
    long payloadBytes(NbdCommand command, int flags, long length) {
        boolean isMarked = style == HeaderStyle.EXTENDED && (flags & NBD_CMD_FLAG_PAYLOAD_LEN) != 0;
        return command == NbdCommand.WRITE || isMarked ? length : 0;
    }

    /** Returns why a request with so many bytes after its header must end the connection; null if the bytes can be received. */
    @Nullable
    String breach(NbdCommand command, long payloadBytes) {
        return Long.compareUnsigned(payloadBytes, maximumPayloadBytes) <= 0
                ? null
                : command + " with a payload longer than the maximum: lengthBytes="
                        + Long.toUnsignedString(payloadBytes) + " maximum=" + maximumPayloadBytes;
    }

    /**
     * Checks one request other than DISC, except for the range of a BLOCK_STATUS that has a payload: the payload holds its length.
     *
     * @param offset offset as on the wire: a negative value means 2^63 or more
     * @param length length as on the wire: a negative value means 2^63 or more
     * @return null if the request is valid
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
            // Offset and length are reserved. An extended reply echoes the offset, and the executor always uses 0.
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

    /** Returns the flags that a command may have: FUA always, other flags only where they have a meaning. */
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
