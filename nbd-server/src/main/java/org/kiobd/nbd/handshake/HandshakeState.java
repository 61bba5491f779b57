package org.kiobd.nbd.handshake;

/**
 * Where a handshake stands.
 *
 * <pre>
 *                         .--- TLS <---.
 *                         v            |
 *   CLIENT_FLAGS --> OPTION_HEADER --> OPTION_DATA --> DONE
 *        |            |     ^--------------/ |
 *        '------------'--------> CLOSED <----'          from TLS as well
 * </pre>
 */
enum HandshakeState {
    /** The greeting is out; the client's flags are awaited. */
    CLIENT_FLAGS,
    /** The next option is awaited. */
    OPTION_HEADER,
    /** An option's data are awaited; their length is within the limit. */
    OPTION_DATA,
    /** NBD_OPT_STARTTLS was acknowledged; the end of TLS's own handshake is awaited. */
    TLS,
    /** An export was chosen: the transmission phase has taken over. */
    DONE,
    /** The connection is ending: nothing is read any more. */
    CLOSED;

    boolean mayBecome(HandshakeState next) {
        return switch (this) {
            case CLIENT_FLAGS -> next == OPTION_HEADER || next == CLOSED;
            case OPTION_HEADER -> next == OPTION_DATA || next == CLOSED;
            case OPTION_DATA -> next == OPTION_HEADER || next == TLS || next == DONE || next == CLOSED;
            case TLS -> next == OPTION_HEADER || next == CLOSED;
            case DONE, CLOSED -> false;
        };
    }

    /** Whether bytes are still awaited. */
    boolean isOpen() {
        return this != DONE && this != CLOSED;
    }
}
