package org.kiobd.nbd.protocol;

/** The types of option replies. Errors have the highest bit set. */
public enum NbdRep {
    ACK(1),
    SERVER(2),
    INFO(3),
    META_CONTEXT(4),
    ERR_UNSUP(1 | NbdRep.ERROR_BIT),
    ERR_POLICY(2 | NbdRep.ERROR_BIT),
    ERR_INVALID(3 | NbdRep.ERROR_BIT),
    ERR_PLATFORM(4 | NbdRep.ERROR_BIT),
    ERR_TLS_REQD(5 | NbdRep.ERROR_BIT),
    ERR_UNKNOWN(6 | NbdRep.ERROR_BIT),
    ERR_SHUTDOWN(7 | NbdRep.ERROR_BIT),
    ERR_BLOCK_SIZE_REQD(8 | NbdRep.ERROR_BIT),
    ERR_TOO_BIG(9 | NbdRep.ERROR_BIT),
    ERR_EXT_HEADER_REQD(10 | NbdRep.ERROR_BIT);

    private static final int ERROR_BIT = 1 << 31;

    private final int wire;

    NbdRep(int wire) {
        this.wire = wire;
    }

    /** Returns the name of a reply type for logs and messages; the number itself if the specification has no such type. */
    public static String name(int wire) {
        for (NbdRep reply : values()) {
            if (reply.wire == wire) {
                return reply.toString();
            }
        }
        return "reply=" + Integer.toUnsignedString(wire);
    }

    /** Returns whether a reply type, known or not, is an error. */
    public static boolean isError(int wire) {
        return (wire & ERROR_BIT) != 0;
    }

    /** Returns the number in the specification. */
    public int wire() {
        return wire;
    }

    public boolean isError() {
        return (wire & ERROR_BIT) != 0;
    }

    @Override
    public String toString() {
        return "NBD_REP_" + name();
    }
}
