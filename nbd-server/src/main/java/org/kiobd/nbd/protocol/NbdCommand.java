package org.kiobd.nbd.protocol;

/** What a request asks for. */
public enum NbdCommand {
    READ(0),
    WRITE(1),
    DISC(2),
    FLUSH(3),
    TRIM(4),
    CACHE(5),
    WRITE_ZEROES(6),
    BLOCK_STATUS(7),
    RESIZE(8),
    /** Any other number. */
    UNKNOWN(-1);

    private static final NbdCommand[] BY_WIRE = new NbdCommand[9];

    static {
        for (NbdCommand command : values()) {
            if (command.wire >= 0) {
                BY_WIRE[command.wire] = command;
            }
        }
    }

    private final int wire;

    NbdCommand(int wire) {
        this.wire = wire;
    }

    /** The command with this number. */
    public static NbdCommand fromWire(int wire) {
        return wire >= 0 && wire < BY_WIRE.length ? BY_WIRE[wire] : UNKNOWN;
    }

    /** Its number in the specification; -1 for {@link #UNKNOWN}. */
    public int wire() {
        return wire;
    }

    /** Whether bytes follow the request's header. */
    public boolean hasPayload() {
        return this == WRITE;
    }

    /** Whether it is meant to change the export. */
    public boolean mutates() {
        return this == WRITE || this == TRIM || this == WRITE_ZEROES;
    }

    @Override
    public String toString() {
        return "NBD_CMD_" + name();
    }
}
