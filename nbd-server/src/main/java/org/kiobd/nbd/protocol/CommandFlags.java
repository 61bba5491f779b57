package org.kiobd.nbd.protocol;

/** The command flags of a request (16 bits). */
public final class CommandFlags {
    public static final int NBD_CMD_FLAG_FUA = 1;
    public static final int NBD_CMD_FLAG_NO_HOLE = 1 << 1;
    public static final int NBD_CMD_FLAG_DF = 1 << 2;
    public static final int NBD_CMD_FLAG_REQ_ONE = 1 << 3;
    public static final int NBD_CMD_FLAG_FAST_ZERO = 1 << 4;
    public static final int NBD_CMD_FLAG_PAYLOAD_LEN = 1 << 5;

    private CommandFlags() {}
}
