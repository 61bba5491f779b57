package org.kiobd.nbd.handshake;

/** Handles one kind of option. Stateless; the result of the negotiation is in {@link Negotiation}. */
@FunctionalInterface
interface OptionHandler {

    /** What happens to the connection after an option. */
    enum Outcome {
        /** The handshake goes on with the next option. */
        CONTINUE,
        /** TLS begins after the replies; all further bytes are encrypted. */
        START_TLS,
        /** Transmission begins with {@link Negotiation#chosen}; requests follow. */
        TRANSMISSION,
        /** The connection is closed after the replies are flushed. */
        CLOSE
    }

    /** Handles {@code request}, whose data it borrows, and writes the replies to {@code replies}. */
    Outcome handle(OptionRequest request, OptionReplies replies, Negotiation negotiation);
}
