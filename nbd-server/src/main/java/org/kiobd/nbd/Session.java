package org.kiobd.nbd;

import static org.kiobd.nbd.protocol.TransmissionFlags.NBD_FLAG_BLOCK_STATUS_PAYLOAD;
import static org.kiobd.nbd.protocol.TransmissionFlags.NBD_FLAG_SEND_DF;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kiobd.nbd.tls.Security;

/**
 * The result of a handshake: the export, and the protocol that client and server have negotiated for it. Immutable.
 *
 * @param export chosen export
 * @param style header format
 * @param security properties of the TLS session; null without TLS
 * @param contexts contexts that NBD_CMD_BLOCK_STATUS reports, in the order of their replies; empty if none were negotiated
 */
public record Session(
        Export export, HeaderStyle style, @Nullable Security security, List<MetaContext> contexts) {
    public Session {
        contexts = List.copyOf(contexts);
    }

    /** Returns the flags of the export, and those that the negotiation adds. */
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

    /** Returns the flags that apply if the client also selects contexts: the server announces them before the client does so. */
    public int possibleFlags() {
        return transmissionFlags() | (style == HeaderStyle.EXTENDED ? NBD_FLAG_BLOCK_STATUS_PAYLOAD : 0);
    }
}
