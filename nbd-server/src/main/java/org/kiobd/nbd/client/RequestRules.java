package org.kiobd.nbd.client;

import static org.kiobd.nbd.protocol.CommandFlags.NBD_CMD_FLAG_DF;
import static org.kiobd.nbd.protocol.CommandFlags.NBD_CMD_FLAG_FAST_ZERO;
import static org.kiobd.nbd.protocol.CommandFlags.NBD_CMD_FLAG_FUA;
import static org.kiobd.nbd.protocol.CommandFlags.NBD_CMD_FLAG_NO_HOLE;
import static org.kiobd.nbd.protocol.CommandFlags.NBD_CMD_FLAG_REQ_ONE;
import static org.kiobd.nbd.protocol.TransmissionFlags.NBD_FLAG_SEND_CACHE;
import static org.kiobd.nbd.protocol.TransmissionFlags.NBD_FLAG_SEND_DF;
import static org.kiobd.nbd.protocol.TransmissionFlags.NBD_FLAG_SEND_FAST_ZERO;
import static org.kiobd.nbd.protocol.TransmissionFlags.NBD_FLAG_SEND_FLUSH;
import static org.kiobd.nbd.protocol.TransmissionFlags.NBD_FLAG_SEND_FUA;
import static org.kiobd.nbd.protocol.TransmissionFlags.NBD_FLAG_SEND_TRIM;
import static org.kiobd.nbd.protocol.TransmissionFlags.NBD_FLAG_SEND_WRITE_ZEROES;

import org.jspecify.annotations.Nullable;
import org.kiobd.nbd.HeaderStyle;
import org.kiobd.nbd.protocol.NbdCommand;
import org.kiobd.nbd.protocol.NbdErrno;
import org.kiobd.volume.ByteRange;

/**
 * Checks requests before they are sent: refuses a request that the specification forbids, that the server does not support, or that the
 * server could only refuse. Immutable; any thread.
 */
final class RequestRules {
    private static final long LONGEST_COMPACT = (1L << 32) - 1;

    private final ExportInfo export;
    private final HeaderStyle style;
    private final int maxPayloadBytes;

    RequestRules(Negotiated negotiated, NbdClientOptions options) {
        export = negotiated.export();
        style = negotiated.style();
        maxPayloadBytes = (int) Math.min(export.blocks().maxPayloadBytes(), options.maxPayloadBytes());
    }

    int maxPayloadBytes() {
        return maxPayloadBytes;
    }

    /** Returns why the request must not be sent; null if it may be sent. */
    @Nullable
    NbdException check(Pending.Request request) {
        NbdException flaw = command(request);
        if (flaw == null) {
            flaw = flags(request);
        }
        return flaw == null && request.command() != NbdCommand.FLUSH ? range(request) : flaw;
    }

    private @Nullable NbdException command(Pending.Request request) {
        int needed = switch (request.command()) {
            case FLUSH -> NBD_FLAG_SEND_FLUSH;
            case TRIM -> NBD_FLAG_SEND_TRIM;
            case WRITE_ZEROES -> NBD_FLAG_SEND_WRITE_ZEROES;
            case CACHE -> NBD_FLAG_SEND_CACHE;
            case READ, WRITE, BLOCK_STATUS, DISC, RESIZE, UNKNOWN -> 0;
        };
        if (request.command().mutates() && export.isReadOnly()) {
            return NbdException.refused(NbdErrno.NBD_EPERM, "the export is read-only: " + request + " was not sent");
        }
        return needed != 0 && !export.has(needed) ? cannot(request.command().toString()) : null;
    }

    private @Nullable NbdException flags(Pending.Request request) {
        int allowed = switch (request.command()) {
            case READ -> flagIf(NBD_FLAG_SEND_DF, NBD_CMD_FLAG_DF);
            case WRITE, TRIM -> flagIf(NBD_FLAG_SEND_FUA, NBD_CMD_FLAG_FUA);
            case WRITE_ZEROES ->
                NBD_CMD_FLAG_NO_HOLE
                        | flagIf(NBD_FLAG_SEND_FUA, NBD_CMD_FLAG_FUA)
                        | flagIf(NBD_FLAG_SEND_FAST_ZERO, NBD_CMD_FLAG_FAST_ZERO);
            case BLOCK_STATUS -> NBD_CMD_FLAG_REQ_ONE;
            case FLUSH, CACHE, DISC, RESIZE, UNKNOWN -> 0;
        };
        int wrong = request.flags() & ~allowed;
        return wrong == 0 ? null : cannot(request.command() + " with flags=0x" + Integer.toHexString(wrong));
    }

    private int flagIf(int transmissionFlag, int commandFlag) {
        return export.has(transmissionFlag) ? commandFlag : 0;
    }

    private @Nullable NbdException range(Pending.Request request) {
        long offset = request.offsetBytes();
        long length = request.lengthBytes();
        boolean hasData = request.command() == NbdCommand.READ || request.command() == NbdCommand.WRITE;
        long longest = hasData ? maxPayloadBytes : style == HeaderStyle.EXTENDED ? Long.MAX_VALUE : LONGEST_COMPACT;
        String why = null;
        if (length < 1 || !ByteRange.fits(offset, length, export.sizeBytes())) {
            why = "it is empty or not within sizeBytes=" + export.sizeBytes();
        } else if (length > longest) {
            why = "it is longer than " + longest + " bytes; split it";
        } else if (((offset | length) & (export.blocks().minimumBytes() - 1)) != 0) {
            why = "it is not made of blocks of " + export.blocks().minimumBytes() + " bytes";
        }
        return why == null ? null : NbdException.refused(NbdErrno.NBD_EINVAL, request + " was not sent: " + why);
    }

    static NbdException cannot(String what) {
        return NbdException.refused(
                NbdErrno.NBD_ENOTSUP, "the server said that it cannot do this, so it was not asked: " + what);
    }
}
