package org.kiobd.nbd.protocol;

/** The types of chunks in a structured or extended reply. Errors have bit 15 set. */
public enum NbdReplyType {
    NONE(0),
    OFFSET_DATA(1),
    OFFSET_HOLE(2),
    BLOCK_STATUS(5),
    BLOCK_STATUS_EXT(6),
    ERROR(NbdReplyType.ERROR_BIT | 1),
    ERROR_OFFSET(NbdReplyType.ERROR_BIT | 2),
    /** Stands for every other number. */
    UNKNOWN(-1);

    private static final int ERROR_BIT = 1 << 15;

    private static final NbdReplyType[] ALL = values();

    private final int wire;

    NbdReplyType(int wire) {
        this.wire = wire;
    }

    /** Returns the type with this number; {@link #UNKNOWN} if there is none. */
    public static NbdReplyType fromWire(int wire) {
        for (NbdReplyType type : ALL) {
            if (type.wire == wire) {
                return type;
            }
        }
        return UNKNOWN;
    }

    /** Returns whether a chunk type, known or not, reports that the request failed. */
    public static boolean isError(int wire) {
        return (wire & ERROR_BIT) != 0;
    }

    /** Returns the number in the specification; -1 for {@link #UNKNOWN}. */
    public int wire() {
        return wire;
    }

    @Override
    public String toString() {
        return "NBD_REPLY_TYPE_" + name();
    }
}
