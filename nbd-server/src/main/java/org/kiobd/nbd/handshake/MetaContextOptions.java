package org.kiobd.nbd.handshake;

import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.kiobd.nbd.Export;
import org.kiobd.nbd.MetaContext;
import org.kiobd.nbd.handshake.OptionHandler.Outcome;
import org.kiobd.nbd.protocol.NbdMagic;
import org.kiobd.nbd.protocol.NbdRep;
import org.kiobd.nbd.protocol.NbdText;

/**
 * NBD_OPT_LIST_META_CONTEXT and NBD_OPT_SET_META_CONTEXT. Both carry an export's name and queries:
 *
 * <pre>
 *   0             4      4+n     8+n
 *   | name length | name | count | query length | query | query length | query ...
 * </pre>
 */
final class MetaContextOptions {
    /** What such an option asks about. */
    private record Queries(Export export, List<String> texts) {}

    private MetaContextOptions() {}

    /** Says which contexts there are. No query: all of them; a namespace with its colon: all that are in it. */
    static Outcome list(OptionRequest request, OptionReplies replies, Negotiation negotiation) {
        Queries queries = read(request, replies, negotiation);
        if (queries != null) {
            Set<MetaContext> matching = EnumSet.noneOf(MetaContext.class);
            queries.texts.forEach(query -> matching.addAll(MetaContext.matching(query)));
            (queries.texts.isEmpty() ? MetaContext.all() : matching)
                    .forEach(context -> replies.metaContext(request, 0, context));
            replies.ack(request);
        }
        return Outcome.CONTINUE;
    }

    /** Selects contexts by their full names; what was selected before is forgotten, also when this fails. */
    static Outcome set(OptionRequest request, OptionReplies replies, Negotiation negotiation) {
        negotiation.contexts(null, List.of());
        if (!negotiation.style().hasChunks()) {
            replies.error(
                    request.number(),
                    NbdRep.ERR_INVALID,
                    request.option() + " needs NBD_OPT_STRUCTURED_REPLY or NBD_OPT_EXTENDED_HEADERS first");
            return Outcome.CONTINUE;
        }
        Queries queries = read(request, replies, negotiation);
        if (queries != null) {
            Set<MetaContext> selected = EnumSet.noneOf(MetaContext.class);
            queries.texts.forEach(query -> selected.addAll(MetaContext.named(query)));
            negotiation.contexts(queries.export, List.copyOf(selected));
            selected.forEach(context -> replies.metaContext(request, context.id(), context));
            replies.ack(request);
        }
        return Outcome.CONTINUE;
    }

    /** The option's data; null if they are wrong, which has been answered then. */
    private static @Nullable Queries read(OptionRequest request, OptionReplies replies, Negotiation negotiation) {
        ByteBuf data = request.data();
        String name = text(data);
        int count = data.readableBytes() < 4 ? -1 : data.readInt();
        List<String> texts = new ArrayList<>();
        String query = "";
        // A query has 4 bytes at least: a count that the data cannot hold ends the loop long before it is reached.
        for (int i = 0; query != null && i < count; i++) {
            query = text(data);
            texts.add(String.valueOf(query));
        }
        if (name == null || query == null || count < 0 || data.isReadable()) {
            replies.error(
                    request.number(),
                    NbdRep.ERR_INVALID,
                    "the data do not hold a name, a count and so many queries of at most " + NbdMagic.MAX_STRING_BYTES
                            + " bytes: " + request);
            return null;
        }
        Negotiation.Lookup found = negotiation.find(name);
        if (found.export() == null) {
            // ERR_TLS_REQD is for INFO and GO, says the specification.
            replies.error(request.number(), NbdRep.ERR_UNKNOWN, found.text());
            return null;
        }
        return new Queries(found.export(), texts);
    }

    private static @Nullable String text(ByteBuf data) {
        long lengthBytes = data.readableBytes() < 4 ? -1 : data.readUnsignedInt();
        return lengthBytes < 0 || lengthBytes > data.readableBytes() || lengthBytes > NbdMagic.MAX_STRING_BYTES
                ? null
                : NbdText.read(data, (int) lengthBytes);
    }
}
