package org.kiobd.nbd.handshake;

/**
 * The state of a handshake.
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
    /** The greeting is sent; the next message is the client's flags. */
    CLIENT_FLAGS,
    /** The next message is the header of an option. */
    OPTION_HEADER,
    /** The next message is the data of an option; its length is within the limit. */
    OPTION_DATA,
    /** NBD_OPT_STARTTLS was acknowledged; the TLS handshake is in progress. */
    TLS,
    /** The client has chosen an export; the transmission handler has taken over. */
    DONE,
    /** The connection is being closed; no more input is processed. */
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

    /** Returns whether the handshake still expects input. */
    boolean isOpen() {
        return this != DONE && this != CLOSED;
    }
}
