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

/** The result of the negotiation so far. Owned by the connection's handshake handler, confined to its event loop. */
final class Negotiation {
    private final ExportRegistry exports;
    private final TlsPolicy tls;
    private final @Nullable String refusal;
    private @Nullable Security security;
    private String lockedOut = "";
    private boolean noZeroes;
    private HeaderStyle style = HeaderStyle.SIMPLE;
    private @Nullable Export contextsOf;
    private List<MetaContext> contexts = List.of();
    private @Nullable Session chosen;
    private String closeReason = "";

    Negotiation(ExportRegistry exports, TlsPolicy tls) {
        this(exports, tls, null);
    }

    private Negotiation(ExportRegistry exports, TlsPolicy tls, @Nullable String refusal) {
        this.exports = exports;
        this.tls = tls;
        this.refusal = refusal;
    }

    /** Returns the negotiation with a client that gets nothing but {@code reason}. */
    static Negotiation refusing(String reason) {
        return new Negotiation(new ExportRegistry(), TlsPolicy.OFF, reason);
    }

    /** Returns why the client is refused, whatever it asks for; null if it is not. */
    @Nullable
    String refusal() {
        return refusal;
    }

    TlsPolicy tls() {
        return tls;
    }

    /** Returns the result of the TLS handshake; null before it. */
    @Nullable
    Security security() {
        return security;
    }

    /** Records that TLS has begun, and drops everything negotiated in plain text, which an attacker could have changed. */
    void secured(Security established) {
        security = established;
        lockedOut = "";
        style = HeaderStyle.SIMPLE;
        contexts(null, List.of());
    }

    /**
     * The result of looking up an export for this client.
     *
     * @param export null if there is no such export or the client may not use it
     * @param refusal the error reply if {@code export} is null
     * @param text the same error as a message for people
     */
    record Lookup(@Nullable Export export, NbdRep refusal, String text) {}

    /**
     * Looks up an export for this client. An export that the client may not use gets the same reply, word for word, as one that does not
     * exist, so a client without access cannot find out which exports exist.
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
        // Before TLS, ERR_TLS_REQD fits both cases: the export may or may not exist.
        return security == null && tls.restrictsAny()
                ? new Lookup(
                        null,
                        NbdRep.ERR_TLS_REQD,
                        "no such export in plain text; NBD_OPT_STARTTLS first: name=" + NbdText.printable(name))
                : new Lookup(null, NbdRep.ERR_UNKNOWN, "no such export: name=" + NbdText.printable(name));
    }

    /** Records why the client was refused; the handler logs the reason as a warning. */
    void lockedOut(String why) {
        lockedOut = why;
    }

    /** Returns the last reason for a refusal; empty if there was none. */
    String lockedOut() {
        return lockedOut;
    }

    /** Returns the exports this client may use. */
    List<Export> all() {
        return exports.all().stream()
                .filter(export -> tls.allows(export.name(), security))
                .toList();
    }

    /** Returns whether NBD_FLAG_C_NO_ZEROES was negotiated: the reply to NBD_OPT_EXPORT_NAME then omits its 124 zero bytes. */
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

    /** Replaces the selected meta contexts. The selection is valid for {@code export} only. */
    void contexts(@Nullable Export export, List<MetaContext> selected) {
        contextsOf = export;
        contexts = selected;
    }

    /** Returns the session that transmission with {@code export} would have, as negotiated so far. */
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

    /** Returns why the connection is to be closed, for the log. */
    String closeReason() {
        return closeReason;
    }

    OptionHandler.Outcome close(String reason) {
        closeReason = reason;
        return OptionHandler.Outcome.CLOSE;
    }
}
