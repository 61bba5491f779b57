package org.kiobd.nbd.transmission;

/**
 * Where a connection's transmission phase stands.
 *
 * <pre>
 *   SERVING --> FINISHING --> ENDED
 *      '---------> GONE --------^
 * </pre>
 */
enum TransmissionState {
    /** Requests are read and answered. */
    SERVING,
    /** Nothing is read any more; what was accepted is finished and answered, then the socket is closed: DISC, or a shutdown. */
    FINISHING,
    /** The socket is closed; what was issued finishes unanswered. */
    GONE,
    /** Nothing is left of it. */
    ENDED;

    boolean mayBecome(TransmissionState next) {
        return switch (this) {
            case SERVING -> next == FINISHING || next == GONE;
            case FINISHING -> next == GONE;
            case GONE -> next == ENDED;
            case ENDED -> false;
        };
    }
}
