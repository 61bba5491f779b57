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
 * Handles NBD_OPT_LIST_META_CONTEXT and NBD_OPT_SET_META_CONTEXT. Both carry the name of an export and queries. Stateless.
 *
 * <pre>
 *   0             4      4+n     8+n
 *   | name length | name | count | query length | query | query length | query ...
 * </pre>
 */
final class MetaContextOptions {
    /** The export and the queries of such an option. */
    private record Queries(Export export, List<String> texts) {}

    private MetaContextOptions() {}

    /** Lists the contexts that match the queries. No query matches all contexts; a namespace with its colon matches all contexts in it. */
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

    /** Selects contexts by their full names. Drops the previous selection, even if this one fails. */
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

    /** Decodes the data of the option; null if the data are malformed or the export was not found, after sending the error reply. */
    private static @Nullable Queries read(OptionRequest request, OptionReplies replies, Negotiation negotiation) {
        ByteBuf data = request.data();
        String name = text(data);
        int count = data.readableBytes() < 4 ? -1 : data.readInt();
        List<String> texts = new ArrayList<>();
        String query = "";
        // Each query has at least 4 bytes, so a count that is too large ends the loop at the end of the data.
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
            // The specification allows ERR_TLS_REQD only for INFO and GO.
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
