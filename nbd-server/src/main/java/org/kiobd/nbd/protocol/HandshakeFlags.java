package org.kiobd.nbd.protocol;

/** Flags of the greeting and of the client's answer to it. */
public final class HandshakeFlags {
    public static final int NBD_FLAG_FIXED_NEWSTYLE = 1;
    public static final int NBD_FLAG_NO_ZEROES = 1 << 1;

    public static final int NBD_FLAG_C_FIXED_NEWSTYLE = 1;
    public static final int NBD_FLAG_C_NO_ZEROES = 1 << 1;

    /** Client flags we know; any other must end the connection. */
    public static final int CLIENT_KNOWN = NBD_FLAG_C_FIXED_NEWSTYLE | NBD_FLAG_C_NO_ZEROES;

    private HandshakeFlags() {}
}
