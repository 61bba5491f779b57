package org.kiobd.nbd.handshake;

/** Answers one kind of option. Stateless; what is negotiated stands in {@link Negotiation}. */
@FunctionalInterface
interface OptionHandler {

    /** What becomes of the connection after an option. */
    enum Outcome {
        /** The next option is awaited. */
        CONTINUE,
        /** Behind the replies nothing is in plain text any more. */
        START_TLS,
        /** {@link Negotiation#chosen} is the export; requests follow. */
        TRANSMISSION,
        /** The replies are flushed, then the connection is closed. */
        CLOSE
    }

    /** Handles {@code request}, whose data it borrows, and writes its replies. */
    Outcome handle(OptionRequest request, OptionReplies replies, Negotiation negotiation);
}
