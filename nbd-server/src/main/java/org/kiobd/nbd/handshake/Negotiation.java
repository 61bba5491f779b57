package org.kiobd.nbd.handshake;

import org.jspecify.annotations.Nullable;
import org.kiobd.nbd.Export;
import org.kiobd.nbd.ExportRegistry;

/** What client and server have agreed on so far. Owned by the connection's handshake. */
final class Negotiation {
    private final ExportRegistry exports;
    private boolean noZeroes;
    private @Nullable Export chosen;
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

    @Nullable
    Export chosen() {
        return chosen;
    }

    void choose(Export export) {
        chosen = export;
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
