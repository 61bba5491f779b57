package org.kiobd.nbd.protocol;

/** The commands of requests. */
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
    /** Stands for every other number. */
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

    /** Returns the command with this number; {@link #UNKNOWN} if there is none. */
    public static NbdCommand fromWire(int wire) {
        return wire >= 0 && wire < BY_WIRE.length ? BY_WIRE[wire] : UNKNOWN;
    }

    /** Returns the number in the specification; -1 for {@link #UNKNOWN}. */
    public int wire() {
        return wire;
    }

    /** Returns whether the command changes the data of the export. */
    public boolean mutates() {
        return this == WRITE || this == TRIM || this == WRITE_ZEROES;
    }

    @Override
    public String toString() {
        return "NBD_CMD_" + name();
    }
}
