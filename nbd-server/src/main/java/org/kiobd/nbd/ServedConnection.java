package org.kiobd.nbd;

import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** A connection in its transmission phase, as its export and the server see it. Any thread. */
public interface ServedConnection {

    /** Stops reading, finishes what was accepted, flushes the replies and closes. The reason goes into the log. */
    void shutDown(String reason);

    /** Completes when the socket is closed, nothing is in flight and all memory is back in the pool. */
    CompletionStage<@Nullable Void> ended();

    /** How it stands. */
    ConnectionFigures figures();
}
