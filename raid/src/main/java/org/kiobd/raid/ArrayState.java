package org.kiobd.raid;

/**
 * The state of an open array, in the words of md. It says which requests the array still serves; an array moves only as {@link #canMoveTo}
 * says. Two things are not states, because they combine with each of these: whether the array was opened read-only ({@link
 * org.kiobd.volume.DeviceInfo#readOnly()}), and whether it is frozen, which nests and therefore is a count.
 */
public enum ArrayState {
    /** All members serve requests. */
    ACTIVE(true),

    /**
     * A redundant member is missing or has failed; the array serves all requests with the others. A striped array has no redundant
     * member and is never degraded.
     */
    DEGRADED(true),

    /** A sync failed and may have lost data: writes and flushes fail until the volume is opened again; reads go on. */
    FAILED(false),

    /** The array is closed; every request fails. */
    CLOSED(false);

    private final boolean acceptsWrites;

    ArrayState(boolean acceptsWrites) {
        this.acceptsWrites = acceptsWrites;
    }

    /** Returns whether writes and flushes can succeed in this state. */
    public boolean acceptsWrites() {
        return acceptsWrites;
    }

    /** Returns whether an array may go from this state to {@code next}. */
    public boolean canMoveTo(ArrayState next) {
        return switch (this) {
            case ACTIVE -> next != ACTIVE;
            case DEGRADED -> next != DEGRADED;
            case FAILED -> next == CLOSED;
            case CLOSED -> false;
        };
    }
}
