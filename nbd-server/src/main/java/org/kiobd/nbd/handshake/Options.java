package org.kiobd.nbd.handshake;

import io.netty.buffer.ByteBuf;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import org.kiobd.nbd.Export;
import org.kiobd.nbd.HeaderStyle;
import org.kiobd.nbd.Session;
import org.kiobd.nbd.handshake.OptionHandler.Outcome;
import org.kiobd.nbd.protocol.NbdInfo;
import org.kiobd.nbd.protocol.NbdMagic;
import org.kiobd.nbd.protocol.NbdOption;
import org.kiobd.nbd.protocol.NbdRep;
import org.kiobd.nbd.protocol.NbdText;
import org.kiobd.nbd.tls.TlsMode;

/**
 * Chooses the handler for each option. An option that this server does not offer gets NBD_REP_ERR_UNSUP, and the handshake goes on.
 * Stateless.
 */
final class Options {
    /** Reason of a handshake that ends in order, e.g. because the client only asked what there is. */
    static final String ABORTED = "client aborted the handshake";

    private static final Map<NbdOption, OptionHandler> HANDLERS = new EnumMap<>(NbdOption.class);

    static {
        for (NbdOption option : NbdOption.values()) {
            HANDLERS.put(option, Options::unsupported);
        }
        HANDLERS.put(NbdOption.EXPORT_NAME, Options::exportName);
        HANDLERS.put(NbdOption.ABORT, Options::abort);
        HANDLERS.put(NbdOption.LIST, Options::list);
        HANDLERS.put(NbdOption.INFO, Options::infoOrGo);
        HANDLERS.put(NbdOption.GO, Options::infoOrGo);
        HANDLERS.put(NbdOption.STARTTLS, Options::startTls);
        HANDLERS.put(NbdOption.STRUCTURED_REPLY, Options::structuredReply);
        HANDLERS.put(NbdOption.EXTENDED_HEADERS, Options::extendedHeaders);
        HANDLERS.put(NbdOption.LIST_META_CONTEXT, MetaContextOptions::list);
        HANDLERS.put(NbdOption.SET_META_CONTEXT, MetaContextOptions::set);
    }

    private Options() {}

    static Outcome handle(OptionRequest request, OptionReplies replies, Negotiation negotiation) {
        if (negotiation.refusal() != null) {
            return refuse(request, replies, negotiation, negotiation.refusal());
        }
        NbdOption option = request.option();
        boolean plain = negotiation.tls().mode() == TlsMode.REQUIRE && negotiation.security() == null;
        if (plain && option != NbdOption.STARTTLS && option != NbdOption.ABORT) {
            negotiation.lockedOut("it speaks plain text, and this server requires TLS");
            if (option == NbdOption.EXPORT_NAME) {
                return negotiation.close("a client in plain text, and this server requires TLS");
            }
            replies.error(request.number(), NbdRep.ERR_TLS_REQD, "this server requires TLS; NBD_OPT_STARTTLS first");
            return Outcome.CONTINUE;
        }
        return Objects.requireNonNull(HANDLERS.get(request.option())).handle(request, replies, negotiation);
    }

    /**
     * Refuses a client. The connection stays open until the client leaves or its time is over: clients take an error of an option such as
     * NBD_OPT_STRUCTURED_REPLY for a missing feature and go on, and after an error of NBD_OPT_GO some lose the reason if they cannot send
     * NBD_OPT_ABORT any more.
     */
    private static Outcome refuse(
            OptionRequest request, OptionReplies replies, Negotiation negotiation, String reason) {
        if (request.option() == NbdOption.ABORT) {
            return abort(request, replies, negotiation);
        }
        if (request.option() == NbdOption.EXPORT_NAME) {
            return negotiation.close(reason);
        }
        replies.error(request.number(), NbdRep.ERR_POLICY, reason);
        return Outcome.CONTINUE;
    }

    private static Outcome unsupported(OptionRequest request, OptionReplies replies, Negotiation negotiation) {
        replies.error(request.number(), NbdRep.ERR_UNSUP, "this server does not offer " + request);
        return Outcome.CONTINUE;
    }

    /** Handles NBD_OPT_ABORT, which may carry any data. */
    private static Outcome abort(OptionRequest request, OptionReplies replies, Negotiation negotiation) {
        replies.ack(request);
        return negotiation.close(ABORTED);
    }

    private static Outcome list(OptionRequest request, OptionReplies replies, Negotiation negotiation) {
        if (refusesData(request, replies)) {
            return Outcome.CONTINUE;
        }
        for (Export export : negotiation.all()) {
            replies.server(request, export);
        }
        replies.ack(request);
        return Outcome.CONTINUE;
    }

    private static boolean refusesData(OptionRequest request, OptionReplies replies) {
        if (request.data().isReadable()) {
            replies.error(request.number(), NbdRep.ERR_INVALID, request.option() + " takes no data: " + request);
            return true;
        }
        return false;
    }

    private static Outcome startTls(OptionRequest request, OptionReplies replies, Negotiation negotiation) {
        if (refusesData(request, replies)) {
            return Outcome.CONTINUE;
        }
        if (negotiation.tls().mode() == TlsMode.OFF) {
            replies.error(request.number(), NbdRep.ERR_POLICY, "this server was started without TLS");
            return Outcome.CONTINUE;
        }
        if (negotiation.security() != null) {
            replies.error(request.number(), NbdRep.ERR_INVALID, "TLS has begun already");
            return Outcome.CONTINUE;
        }
        replies.ack(request);
        return Outcome.START_TLS;
    }

    private static Outcome structuredReply(OptionRequest request, OptionReplies replies, Negotiation negotiation) {
        if (refusesData(request, replies)) {
            return Outcome.CONTINUE;
        }
        if (negotiation.style() == HeaderStyle.EXTENDED) {
            replies.error(
                    request.number(),
                    NbdRep.ERR_EXT_HEADER_REQD,
                    "extended headers are negotiated, and every reply is in chunks with them");
            return Outcome.CONTINUE;
        }
        // A repeated request changes nothing.
        negotiation.style(HeaderStyle.STRUCTURED);
        replies.ack(request);
        return Outcome.CONTINUE;
    }

    private static Outcome extendedHeaders(OptionRequest request, OptionReplies replies, Negotiation negotiation) {
        if (refusesData(request, replies)) {
            return Outcome.CONTINUE;
        }
        if (negotiation.style() == HeaderStyle.EXTENDED) {
            replies.error(request.number(), NbdRep.ERR_INVALID, "extended headers are negotiated already");
            return Outcome.CONTINUE;
        }
        negotiation.style(HeaderStyle.EXTENDED);
        replies.ack(request);
        return Outcome.CONTINUE;
    }

    /** Handles NBD_OPT_EXPORT_NAME, which has no error reply: the server can refuse it only by closing the connection. */
    private static Outcome exportName(OptionRequest request, OptionReplies replies, Negotiation negotiation) {
        int nameBytes = request.data().readableBytes();
        if (nameBytes > NbdMagic.MAX_STRING_BYTES) {
            return negotiation.close("export name too long: lengthBytes=" + nameBytes);
        }
        String name = NbdText.read(request.data(), nameBytes);
        Negotiation.Lookup found = negotiation.find(name);
        Export export = found.export();
        if (export == null) {
            return negotiation.close(found.text());
        }
        if (negotiation.style() == HeaderStyle.EXTENDED) {
            return negotiation.close(
                    "NBD_OPT_EXPORT_NAME after NBD_OPT_EXTENDED_HEADERS, which the specification forbids");
        }
        replies.exportName(negotiation.sessionOf(export), negotiation.noZeroes());
        negotiation.choose(export);
        return Outcome.TRANSMISSION;
    }

    /**
     * Handles NBD_OPT_INFO and NBD_OPT_GO, which differ only in what happens after the replies.
     *
     * <pre>
     *   0             4       4+n     6+n
     *   | name length | name  | count | kind, kind ...
     * </pre>
     */
    private static Outcome infoOrGo(OptionRequest request, OptionReplies replies, Negotiation negotiation) {
        ByteBuf data = request.data();
        long nameBytes = data.readableBytes() < 6 ? -1 : data.readUnsignedInt();
        if (nameBytes < 0 || nameBytes > data.readableBytes() - 2) {
            replies.error(request.number(), NbdRep.ERR_INVALID, "the data do not hold a name and a count: " + request);
            return Outcome.CONTINUE;
        }
        if (nameBytes > NbdMagic.MAX_STRING_BYTES) {
            replies.error(
                    request.number(),
                    NbdRep.ERR_INVALID,
                    "the name is too long: lengthBytes=" + nameBytes + " maximum=" + NbdMagic.MAX_STRING_BYTES);
            return Outcome.CONTINUE;
        }
        String name = NbdText.read(data, (int) nameBytes);
        int kinds = data.readUnsignedShort();
        if (data.readableBytes() != 2 * kinds) {
            replies.error(
                    request.number(),
                    NbdRep.ERR_INVALID,
                    "the data do not hold what they count: kinds=" + kinds + " bytesLeft=" + data.readableBytes());
            return Outcome.CONTINUE;
        }
        Negotiation.Lookup found = negotiation.find(name);
        Export export = found.export();
        if (export == null) {
            replies.error(request.number(), found.refusal(), found.text());
            return Outcome.CONTINUE;
        }
        inform(request, negotiation.sessionOf(export), replies);
        replies.ack(request);
        if (request.option() == NbdOption.INFO) {
            return Outcome.CONTINUE;
        }
        negotiation.choose(export);
        return Outcome.TRANSMISSION;
    }

    /** Sends each requested kind of information once, even if the client asked for it several times; ignores unknown kinds. */
    private static void inform(OptionRequest request, Session session, OptionReplies replies) {
        Export export = session.export();
        boolean name = false;
        boolean description = false;
        boolean blockSize = false;
        while (request.data().isReadable()) {
            switch (NbdInfo.fromWire(request.data().readUnsignedShort())) {
                case NAME -> name = true;
                case DESCRIPTION -> description = true;
                case BLOCK_SIZE -> blockSize = true;
                case EXPORT, UNKNOWN -> {}
            }
        }
        int flags = request.option() == NbdOption.INFO ? session.possibleFlags() : session.transmissionFlags();
        replies.infoExport(request, session, flags);
        if (name) {
            replies.infoText(request, NbdInfo.NAME, export.name());
        }
        if (description) {
            replies.infoText(request, NbdInfo.DESCRIPTION, export.description());
        }
        if (blockSize) {
            replies.infoBlockSize(request, export);
        }
    }
}
