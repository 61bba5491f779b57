package org.kiobd.nbd.transmission;

/**
 * The states of a connection in its transmission phase.
 *
 * <pre>
 *   SERVING --> CLOSE_NOTIFIED --> FINISHING --> GONE --> ENDED
 *      |               '-----------------|---------^
 *      '---------------------------------'---------'
 * </pre>
 */
enum TransmissionState {
    /** Requests are read and answered. */
    SERVING,
    /**
     * The client has sent its close_notify (TLS). The bytes received before it are still decoded, because NBD_CMD_DISC may be among them;
     * then the socket is closed.
     */
    CLOSE_NOTIFIED,
    /** After DISC or at a shutdown: nothing more is read; accepted requests are finished and answered, then the socket is closed. */
    FINISHING,
    /** The socket is closed; issued requests finish without a reply. */
    GONE,
    /** All requests have ended, and all memory is released. */
    ENDED;

    boolean mayBecome(TransmissionState next) {
        return switch (this) {
            case SERVING -> next == CLOSE_NOTIFIED || next == FINISHING || next == GONE;
            case CLOSE_NOTIFIED -> next == FINISHING || next == GONE;
            case FINISHING -> next == GONE;
            case GONE -> next == ENDED;
            case ENDED -> false;
        };
    }
}
