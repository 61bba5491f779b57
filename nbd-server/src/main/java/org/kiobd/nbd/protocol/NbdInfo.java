package org.kiobd.nbd.protocol;

/** The kinds of information that NBD_OPT_INFO and NBD_OPT_GO can ask for. */
public enum NbdInfo {
    EXPORT(0),
    NAME(1),
    DESCRIPTION(2),
    BLOCK_SIZE(3),
    /** Stands for every other number; must be ignored. */
    UNKNOWN(-1);

    private static final NbdInfo[] ALL = values();

    private final int wire;

    NbdInfo(int wire) {
        this.wire = wire;
    }

    /** Returns the kind with this number; {@link #UNKNOWN} if there is none. */
    public static NbdInfo fromWire(int wire) {
        return wire >= 0 && wire < ALL.length - 1 ? ALL[wire] : UNKNOWN;
    }

    /** Returns the number in the specification; -1 for {@link #UNKNOWN}. */
    public int wire() {
        return wire;
    }

    @Override
    public String toString() {
        return "NBD_INFO_" + name();
    }
}
