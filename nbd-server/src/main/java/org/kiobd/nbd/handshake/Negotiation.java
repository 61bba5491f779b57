package org.kiobd.nbd.handshake;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kiobd.nbd.Export;
import org.kiobd.nbd.ExportRegistry;
import org.kiobd.nbd.HeaderStyle;
import org.kiobd.nbd.MetaContext;
import org.kiobd.nbd.Session;

/** What client and server have agreed on so far. Owned by the connection's handshake. */
final class Negotiation {
    private final ExportRegistry exports;
    private boolean noZeroes;
    private HeaderStyle style = HeaderStyle.SIMPLE;
    private @Nullable Export contextsOf;
    private List<MetaContext> contexts = List.of();
    private @Nullable Session chosen;
    private String closeReason = "";

    Negotiation(ExportRegistry exports) {
        this.exports = exports;
    }

    ExportRegistry exports() {
        return exports;
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
        return new Session(export, style, export.equals(contextsOf) ? contexts : List.of());
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
