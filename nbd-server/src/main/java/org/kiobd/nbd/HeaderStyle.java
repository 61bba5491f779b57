package org.kiobd.nbd;

import org.kiobd.nbd.protocol.NbdMagic;

/** Which headers a connection uses, each way: agreed on in the handshake, kept to the end. */
public enum HeaderStyle {
    /** Compact requests, simple replies: what every client speaks. */
    SIMPLE,
    /** Compact requests; replies with data, and errors, in chunks. NBD_OPT_STRUCTURED_REPLY. */
    STRUCTURED,
    /** 64-bit lengths both ways, every reply in chunks. NBD_OPT_EXTENDED_HEADERS. */
    EXTENDED;

    /** Whether replies may come in chunks: holes, errors with text and block status are possible then. */
    public boolean hasChunks() {
        return this != SIMPLE;
    }

    /** Bytes of a request's header. */
    public int requestBytes() {
        return this == EXTENDED ? NbdMagic.EXTENDED_REQUEST_BYTES : NbdMagic.REQUEST_BYTES;
    }

    /** What a request begins with. */
    public int requestMagic() {
        return this == EXTENDED ? NbdMagic.NBD_EXTENDED_REQUEST_MAGIC : NbdMagic.NBD_REQUEST_MAGIC;
    }
}
