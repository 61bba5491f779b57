package org.kiobd.nbd.handshake;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kiobd.nbd.Export;
import org.kiobd.nbd.ExportRegistry;
import org.kiobd.nbd.HeaderStyle;
import org.kiobd.nbd.MetaContext;
import org.kiobd.nbd.Session;
import org.kiobd.nbd.protocol.NbdRep;
import org.kiobd.nbd.protocol.NbdText;
import org.kiobd.nbd.tls.Security;
import org.kiobd.nbd.tls.TlsPolicy;

/** What client and server have agreed on so far. Owned by the connection's handshake. */
final class Negotiation {
    private final ExportRegistry exports;
    private final TlsPolicy tls;
    private @Nullable Security security;
    private String lockedOut = "";
    private boolean noZeroes;
    private HeaderStyle style = HeaderStyle.SIMPLE;
    private @Nullable Export contextsOf;
    private List<MetaContext> contexts = List.of();
    private @Nullable Session chosen;
    private String closeReason = "";

    Negotiation(ExportRegistry exports, TlsPolicy tls) {
        this.exports = exports;
        this.tls = tls;
    }

    TlsPolicy tls() {
        return tls;
    }

    /** What TLS has established; null before it. */
    @Nullable
    Security security() {
        return security;
    }

    /** TLS has begun: what was agreed on in plain text, where anybody could have changed it, is forgotten. */
    void secured(Security established) {
        security = established;
        lockedOut = "";
        style = HeaderStyle.SIMPLE;
        contexts(null, List.of());
    }

    /**
     * What a client gets that asks for an export.
     *
     * @param export null if it may not have it
     * @param refusal what it is told then
     * @param text the same for a person
     */
    record Lookup(@Nullable Export export, NbdRep refusal, String text) {}

    /**
     * Looks for the export of that name, on behalf of this client. One that it may not use is answered as one that does not exist, word for
     * word: who may not come in does not learn what there is.
     */
    Lookup find(String name) {
        Export export = exports.find(name);
        if (export != null && tls.allows(export.name(), security)) {
            return new Lookup(export, NbdRep.ACK, "");
        }
        if (export != null) {
            lockedOut(
                    security == null
                            ? export + " is for clients with a certificate only"
                            : export + " is not for a client called [" + security.printableNames() + "]");
        }
        // Before TLS the specification has a word that says both: there may be something behind it.
        return security == null && tls.restrictsAny()
                ? new Lookup(
                        null,
                        NbdRep.ERR_TLS_REQD,
                        "no such export in plain text; NBD_OPT_STARTTLS first: name=" + NbdText.printable(name))
                : new Lookup(null, NbdRep.ERR_UNKNOWN, "no such export: name=" + NbdText.printable(name));
    }

    /** It was told that it may not, for a reason that whoever runs the server should hear of. */
    void lockedOut(String why) {
        lockedOut = why;
    }

    /** The last such reason; empty if there was none. */
    String lockedOut() {
        return lockedOut;
    }

    /** The exports this client may use. */
    List<Export> all() {
        return exports.all().stream()
                .filter(export -> tls.allows(export.name(), security))
                .toList();
    }

    /** NBD_FLAG_C_NO_ZEROES: the answer to EXPORT_NAME ends without 124 zeroes. */
    boolean noZeroes() {
        return noZeroes;
    }

    void noZeroes(boolean agreed) {
        noZeroes = agreed;
    }

    HeaderStyle style() {
        return style;
    }

    void style(HeaderStyle agreed) {
        style = agreed;
    }

    /** Selects what block status is asked about, in place of what was selected before. It holds for {@code export} only. */
    void contexts(@Nullable Export export, List<MetaContext> selected) {
        contextsOf = export;
        contexts = selected;
    }

    /** What transmission with {@code export} would be, as negotiated so far. */
    Session sessionOf(Export export) {
        return new Session(export, style, security, export.equals(contextsOf) ? contexts : List.of());
    }

    @Nullable
    Session chosen() {
        return chosen;
    }

    void choose(Export export) {
        chosen = sessionOf(export);
    }

    /** Why the connection is to be closed, for the log. */
    String closeReason() {
        return closeReason;
    }

    OptionHandler.Outcome close(String reason) {
        closeReason = reason;
        return OptionHandler.Outcome.CLOSE;
    }
}
