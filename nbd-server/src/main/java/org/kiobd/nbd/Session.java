package org.kiobd.nbd;

import static org.kiobd.nbd.protocol.TransmissionFlags.NBD_FLAG_BLOCK_STATUS_PAYLOAD;
import static org.kiobd.nbd.protocol.TransmissionFlags.NBD_FLAG_SEND_DF;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kiobd.nbd.tls.Security;

/**
 * What a handshake ended with: the export, and how client and server will speak about it. Immutable.
 *
 * @param export the one that was chosen
 * @param style which headers are used
 * @param security what TLS has established; null without it
 * @param contexts what NBD_CMD_BLOCK_STATUS answers about, in the order of their replies; empty if it was not negotiated
 */
public record Session(
        Export export, HeaderStyle style, @Nullable Security security, List<MetaContext> contexts) {
    public Session {
        contexts = List.copyOf(contexts);
    }

    /** Those of the export, and those that what was negotiated adds. */
    public int transmissionFlags() {
        int flags = export.transmissionFlags();
        if (style.hasChunks()) {
            flags |= NBD_FLAG_SEND_DF;
        }
        if (style == HeaderStyle.EXTENDED && !contexts.isEmpty()) {
            flags |= NBD_FLAG_BLOCK_STATUS_PAYLOAD;
        }
        return flags;
    }

    /** The same, had the client selected contexts as well: what it learns before it does. */
    public int possibleFlags() {
        return transmissionFlags() | (style == HeaderStyle.EXTENDED ? NBD_FLAG_BLOCK_STATUS_PAYLOAD : 0);
    }
}
