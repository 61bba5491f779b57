package org.kiobd.nbd;

import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** A connection in its transmission phase, as its export and the server see it. Any thread. */
public interface ServedConnection {

    /** Stops reading, finishes the accepted requests, flushes the replies and closes the connection. The log shows the reason. */
    void shutDown(String reason);

    /**
     * Returns a stage that completes soon if the client is still there as far as the server has noticed, or has left with NBD_CMD_DISC.
     * Otherwise the client may send its requests again on another connection, and the stage completes like {@link #ended}.
     */
    CompletionStage<@Nullable Void> endedIfLost();

    /** Returns a stage that completes when the socket is closed, no request is in flight and all memory is back in the pool. */
    CompletionStage<@Nullable Void> ended();

    /** Returns the current figures. */
    ConnectionFigures figures();
}
