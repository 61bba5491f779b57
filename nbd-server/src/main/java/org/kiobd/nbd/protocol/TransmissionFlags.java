package org.kiobd.nbd.protocol;

import java.util.StringJoiner;

/** The transmission flags (16 bits): the abilities of an export, which the server sends at the end of the handshake. */
public final class TransmissionFlags {
    public static final int NBD_FLAG_HAS_FLAGS = 1;
    public static final int NBD_FLAG_READ_ONLY = 1 << 1;
    public static final int NBD_FLAG_SEND_FLUSH = 1 << 2;
    public static final int NBD_FLAG_SEND_FUA = 1 << 3;
    public static final int NBD_FLAG_ROTATIONAL = 1 << 4;
    public static final int NBD_FLAG_SEND_TRIM = 1 << 5;
    public static final int NBD_FLAG_SEND_WRITE_ZEROES = 1 << 6;
    public static final int NBD_FLAG_SEND_DF = 1 << 7;
    public static final int NBD_FLAG_CAN_MULTI_CONN = 1 << 8;
    public static final int NBD_FLAG_SEND_RESIZE = 1 << 9;
    public static final int NBD_FLAG_SEND_CACHE = 1 << 10;
    public static final int NBD_FLAG_SEND_FAST_ZERO = 1 << 11;
    public static final int NBD_FLAG_BLOCK_STATUS_PAYLOAD = 1 << 12;

    private static final String[] NAMES = {
        "HAS_FLAGS",
        "READ_ONLY",
        "SEND_FLUSH",
        "SEND_FUA",
        "ROTATIONAL",
        "SEND_TRIM",
        "SEND_WRITE_ZEROES",
        "SEND_DF",
        "CAN_MULTI_CONN",
        "SEND_RESIZE",
        "SEND_CACHE",
        "SEND_FAST_ZERO",
        "BLOCK_STATUS_PAYLOAD"
    };

    private TransmissionFlags() {}

    /** Returns the names of the flags that are set, for logs and messages; a bit without a name appears as a number. */
    public static String toString(int flags) {
        StringJoiner names = new StringJoiner("|");
        for (int bit = 0; bit < Short.SIZE; bit++) {
            if ((flags & 1 << bit) != 0) {
                names.add(bit < NAMES.length ? NAMES[bit] : "0x" + Integer.toHexString(1 << bit));
            }
        }
        return names.toString();
    }
}
