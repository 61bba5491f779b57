package org.kiobd.nbd.protocol;

/** The flags of the server's greeting and of the client's answer to it. */
public final class HandshakeFlags {
    public static final int NBD_FLAG_FIXED_NEWSTYLE = 1;
    public static final int NBD_FLAG_NO_ZEROES = 1 << 1;

    public static final int NBD_FLAG_C_FIXED_NEWSTYLE = 1;
    public static final int NBD_FLAG_C_NO_ZEROES = 1 << 1;

    /** The client flags that this server knows; any other flag must end the connection. */
    public static final int CLIENT_KNOWN = NBD_FLAG_C_FIXED_NEWSTYLE | NBD_FLAG_C_NO_ZEROES;

    private HandshakeFlags() {}
}
