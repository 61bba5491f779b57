package org.kiobd.nbd.client;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.kiobd.nbd.HeaderStyle;
import org.kiobd.nbd.protocol.HandshakeFlags;
import org.kiobd.nbd.protocol.NbdErrno;
import org.kiobd.nbd.protocol.NbdInfo;
import org.kiobd.nbd.protocol.NbdOption;
import org.kiobd.nbd.protocol.NbdRep;
import org.kiobd.nbd.protocol.NbdText;
import org.kiobd.nbd.tls.Security;

/**
 * The handshake of a client, step by step: greeting, TLS, header style, meta contexts, export. If the server refuses a feature, the
 * negotiator requests the next best one. Only this class decides which options are sent, and in which order. Confined to the event loop of
 * the channel.
 */
final class Negotiator {
    private static final int MAX_CONTEXTS = 64;
    private static final NbdInfo[] WANTED = {NbdInfo.NAME, NbdInfo.DESCRIPTION, NbdInfo.BLOCK_SIZE};

    private final OptionChannel wire;
    private final NbdUri uri;
    private final NbdClientOptions settings;
    private final Supplier<CompletableFuture<Security>> startTls;

    private boolean fixedNewstyle;
    private boolean zeroes;
    private HeaderStyle style = HeaderStyle.SIMPLE;
    private @Nullable Security security;
    private Map<String, Integer> contexts = Map.of();

    /** @param startTls switches the channel to TLS */
    Negotiator(
            OptionChannel wire, NbdUri uri, NbdClientOptions settings, Supplier<CompletableFuture<Security>> startTls) {
        this.wire = wire;
        this.uri = uri;
        this.settings = settings;
        this.startTls = startTls;
    }

    private static <T> CompletableFuture<T> failed(NbdException failure) {
        return CompletableFuture.failedFuture(failure);
    }

    private static CompletableFuture<Void> done() {
        return CompletableFuture.completedFuture(null);
    }

    private CompletableFuture<List<OptionReply>> ask(NbdOption option) {
        return wire.ask(option, Unpooled.EMPTY_BUFFER);
    }

    /** Exchanges greeting and flags, and starts TLS if the URI requires it; options can be sent afterwards. */
    private CompletableFuture<Void> prepare() {
        return wire.greeting().thenCompose(flags -> {
            fixedNewstyle = (flags & HandshakeFlags.NBD_FLAG_FIXED_NEWSTYLE) != 0;
            zeroes = (flags & HandshakeFlags.NBD_FLAG_NO_ZEROES) == 0;
            wire.clientFlags((fixedNewstyle ? HandshakeFlags.NBD_FLAG_C_FIXED_NEWSTYLE : 0)
                    | (zeroes ? 0 : HandshakeFlags.NBD_FLAG_C_NO_ZEROES));
            if (!fixedNewstyle && uri.tls()) {
                return failed(NbdException.refused(
                        NbdErrno.NBD_ENOTSUP,
                        "the server is too old for TLS, which " + uri + " demands; nothing was sent in plain text"));
            }
            return uri.tls() ? secure() : done();
        });
    }

    private CompletableFuture<Void> secure() {
        return ask(NbdOption.STARTTLS).thenCompose(replies -> {
            NbdException error = OptionChannel.error(NbdOption.STARTTLS, replies);
            if (error != null) {
                return failed(error.during("the server does not speak TLS, which " + uri + " demands"));
            }
            if (wire.hasUnread()) {
                return failed(
                        NbdException.broken(
                                "bytes in plain text followed the server's agreement to TLS: somebody may have put them there"));
            }
            return startTls.get().thenAccept(established -> security = established);
        });
    }

    private CompletableFuture<Void> chooseStyle() {
        if (!fixedNewstyle) {
            return done();
        }
        return switch (settings.bestStyle()) {
            case SIMPLE -> done();
            case STRUCTURED -> tryStyle(NbdOption.STRUCTURED_REPLY, HeaderStyle.STRUCTURED);
            case EXTENDED ->
                tryStyle(NbdOption.EXTENDED_HEADERS, HeaderStyle.EXTENDED)
                        .thenCompose(tried -> style == HeaderStyle.EXTENDED
                                ? done()
                                : tryStyle(NbdOption.STRUCTURED_REPLY, HeaderStyle.STRUCTURED));
        };
    }

    private CompletableFuture<Void> tryStyle(NbdOption option, HeaderStyle result) {
        return ask(option).thenAccept(replies -> {
            if (OptionChannel.error(option, replies) == null) {
                style = result;
            }
        });
    }

    /** Runs the whole handshake; transmission follows. */
    CompletableFuture<Negotiated> enter() {
        return prepare()
                .thenCompose(ready -> chooseStyle())
                .thenCompose(chosen -> selectContexts())
                .thenCompose(selected -> fixedNewstyle ? go() : exportName())
                .thenApply(export -> new Negotiated(export, style, contexts, security));
    }

    private CompletableFuture<Void> selectContexts() {
        if (!style.hasChunks() || settings.metaContexts().isEmpty()) {
            return done();
        }
        NbdOption option = NbdOption.SET_META_CONTEXT;
        return wire.ask(option, contextQuery(settings.metaContexts())).thenCompose(replies -> {
            if (OptionChannel.error(option, replies) != null) {
                return done();
            }
            Map<String, Integer> selected = new LinkedHashMap<>();
            for (OptionReply reply : replies) {
                if (reply.is(NbdRep.META_CONTEXT)) {
                    NbdException wrong = addContext(selected, reply);
                    if (wrong != null) {
                        return failed(wrong);
                    }
                }
            }
            contexts = selected;
            return done();
        });
    }

    private static @Nullable NbdException addContext(Map<String, Integer> selected, OptionReply reply) {
        if (reply.payload().length < Integer.BYTES) {
            return NbdException.broken("the server named a meta context in " + reply.payload().length + " bytes");
        }
        int id = reply.bytes().readInt();
        String name = reply.text(Integer.BYTES);
        if (selected.containsValue(id) || selected.put(name, id) != null || selected.size() > MAX_CONTEXTS) {
            return NbdException.broken("the server selected a meta context twice, or more than " + MAX_CONTEXTS
                    + ": context=" + NbdText.printable(name) + " id=" + Integer.toUnsignedString(id));
        }
        return null;
    }

    private ByteBuf contextQuery(List<String> queries) {
        ByteBuf out = name();
        out.writeInt(queries.size());
        queries.forEach(query -> {
            out.writeInt(NbdText.lengthBytes(query));
            NbdText.write(out, query);
        });
        return out;
    }

    private ByteBuf name() {
        ByteBuf out = Unpooled.buffer().writeInt(NbdText.lengthBytes(uri.exportName()));
        NbdText.write(out, uri.exportName());
        return out;
    }

    private CompletableFuture<ExportInfo> go() {
        return askInfo(NbdOption.GO).thenCompose(replies -> {
            boolean unknownOption = replies.get(replies.size() - 1).is(NbdRep.ERR_UNSUP);
            return unknownOption && style != HeaderStyle.EXTENDED ? exportName() : export(NbdOption.GO, replies);
        });
    }

    private CompletableFuture<List<OptionReply>> askInfo(NbdOption option) {
        ByteBuf out = name().writeShort(WANTED.length);
        for (NbdInfo kind : WANTED) {
            out.writeShort(kind.wire());
        }
        return wire.ask(option, out);
    }

    private CompletableFuture<ExportInfo> export(NbdOption option, List<OptionReply> replies) {
        NbdException error = OptionChannel.error(option, replies);
        if (error != null) {
            return failed(error.during(uri.toString()));
        }
        try {
            return CompletableFuture.completedFuture(ExportInfos.parse(uri.exportName(), replies));
        } catch (NbdException e) {
            return failed(e);
        }
    }

    /**
     * Chooses the export with NBD_OPT_EXPORT_NAME, for servers without NBD_OPT_GO. The reply has only size and flags, and there is no error
     * reply.
     */
    private CompletableFuture<ExportInfo> exportName() {
        ByteBuf name = Unpooled.buffer();
        NbdText.write(name, uri.exportName());
        return wire.askExportName(name, zeroes).thenCompose(bytes -> {
            ByteBuf in = Unpooled.wrappedBuffer(bytes);
            try {
                return CompletableFuture.completedFuture(
                        ExportInfos.of(uri.exportName(), in.readLong(), in.readUnsignedShort()));
            } catch (NbdException e) {
                return failed(e);
            }
        });
    }

    /** Requests the description of the export, then ends the handshake with NBD_OPT_ABORT. */
    CompletableFuture<ExportInfo> info() {
        return prepareForOptions()
                .thenCompose(ready -> askInfo(NbdOption.INFO))
                .thenCompose(replies -> export(NbdOption.INFO, replies))
                .thenApply(this::leaving);
    }

    /** Requests the list of exports, then ends the handshake with NBD_OPT_ABORT. */
    CompletableFuture<List<ListedExport>> list() {
        return prepareForOptions()
                .thenCompose(ready -> ask(NbdOption.LIST))
                .thenCompose(this::listed)
                .thenApply(this::leaving);
    }

    private CompletableFuture<List<ListedExport>> listed(List<OptionReply> replies) {
        NbdException error = OptionChannel.error(NbdOption.LIST, replies);
        if (error != null) {
            return failed(error);
        }
        List<ListedExport> exports = new ArrayList<>();
        for (OptionReply reply : replies) {
            if (reply.is(NbdRep.SERVER)) {
                ByteBuf in = reply.bytes();
                long nameBytes = in.readableBytes() < Integer.BYTES ? Long.MAX_VALUE : in.readUnsignedInt();
                if (nameBytes > in.readableBytes()) {
                    return failed(
                            NbdException.broken("the server listed an export whose name is longer than its line"));
                }
                String name = NbdText.read(in, (int) nameBytes);
                exports.add(new ListedExport(name, NbdText.read(in, in.readableBytes())));
            }
        }
        return CompletableFuture.completedFuture(exports);
    }

    /** Requests the names of the matching meta contexts, then ends the handshake with NBD_OPT_ABORT. */
    CompletableFuture<List<String>> metaContexts(List<String> queries) {
        NbdOption option = NbdOption.LIST_META_CONTEXT;
        return prepareForOptions()
                .thenCompose(ready -> chooseStyle())
                .thenCompose(ready -> wire.ask(option, contextQuery(queries)))
                .thenCompose(replies -> {
                    NbdException error = OptionChannel.error(option, replies);
                    if (error != null) {
                        return Negotiator.<List<String>>failed(error);
                    }
                    return CompletableFuture.completedFuture(replies.stream()
                            .filter(reply -> reply.is(NbdRep.META_CONTEXT) && reply.payload().length >= Integer.BYTES)
                            .map(reply -> reply.text(Integer.BYTES))
                            .toList());
                })
                .thenApply(this::leaving);
    }

    private CompletableFuture<Void> prepareForOptions() {
        return prepare().thenCompose(ready -> {
            if (!fixedNewstyle) {
                return failed(NbdException.refused(
                        NbdErrno.NBD_ENOTSUP,
                        "the server is too old to be asked about its exports; connect to one by name"));
            }
            return done();
        });
    }

    private <T> T leaving(T result) {
        wire.tell(NbdOption.ABORT);
        return result;
    }
}
