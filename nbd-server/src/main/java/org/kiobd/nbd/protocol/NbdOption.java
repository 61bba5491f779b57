package org.kiobd.nbd.protocol;

/** The options a client may send during the handshake. */
public enum NbdOption {
    EXPORT_NAME(1),
    ABORT(2),
    LIST(3),
    PEEK_EXPORT(4),
    STARTTLS(5),
    INFO(6),
    GO(7),
    STRUCTURED_REPLY(8),
    LIST_META_CONTEXT(9),
    SET_META_CONTEXT(10),
    EXTENDED_HEADERS(11),
    /** Stands for every other number. */
    UNKNOWN(-1);

    private static final NbdOption[] ALL = values();

    private final int wire;

    NbdOption(int wire) {
        this.wire = wire;
    }

    /** Returns the option with this number; {@link #UNKNOWN} if there is none. */
    public static NbdOption fromWire(int wire) {
        return wire >= 1 && wire < ALL.length ? ALL[wire - 1] : UNKNOWN;
    }

    /** Returns the number in the specification; -1 for {@link #UNKNOWN}. */
    public int wire() {
        return wire;
    }

    @Override
    public String toString() {
        return "NBD_OPT_" + name();
    }
}
