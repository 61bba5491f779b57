package org.kiobd.nbd;

import org.kiobd.nbd.protocol.NbdMagic;

/** The header format of a connection, for requests and replies. The handshake negotiates the format, which stays the same until the end. */
public enum HeaderStyle {
    /** Compact requests and simple replies. Every client supports them. */
    SIMPLE,
    /** Compact requests; replies may come in chunks, and those with data always do. NBD_OPT_STRUCTURED_REPLY. */
    STRUCTURED,
    /** Requests and replies with 64-bit lengths, every reply in chunks. NBD_OPT_EXTENDED_HEADERS. */
    EXTENDED;

    /** Returns whether replies may come in chunks. Only chunks can carry holes, errors with text and block status. */
    public boolean hasChunks() {
        return this != SIMPLE;
    }

    /** Returns the size of a request header in bytes. */
    public int requestBytes() {
        return this == EXTENDED ? NbdMagic.EXTENDED_REQUEST_BYTES : NbdMagic.REQUEST_BYTES;
    }

    /** Returns the magic number at the beginning of a request. */
    public int requestMagic() {
        return this == EXTENDED ? NbdMagic.NBD_EXTENDED_REQUEST_MAGIC : NbdMagic.NBD_REQUEST_MAGIC;
    }
}
