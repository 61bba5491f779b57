package org.kiobd.nbd.trace;

import java.util.ArrayList;
import java.util.List;
import org.kiobd.volume.BlockDevice;
import org.kiobd.volume.kiobuf.Kiobuf;

/** Traces the requests of one connection. Owned by the connection and confined to its loop. */
public final class TraceSession {
    private final RequestTrace trace;
    private final String export;
    private final BlockDevice device;
    private final String peer;
    private final List<TracedRequest> unreplied = new ArrayList<>();

    TraceSession(RequestTrace trace, String export, BlockDevice device, String peer) {
        this.trace = trace;
        this.export = export;
        this.device = device;
        this.peer = peer;
    }

    /**
     * Traces {@code request} from now on. Called directly before the request is queued; borrows it.
     *
     * @param isPart whether the request is a part of a client's request that is too large for the memory of its connection; the client gets
     *     no reply to a part
     */
    public void queued(Kiobuf request, boolean isPart) {
        request.addInterceptor(new TracedRequest(this, request, isPart, System.nanoTime()));
    }

    void ended(TracedRequest request) {
        if (request.isPart) {
            trace.add(request);
        } else {
            unreplied.add(request);
        }
    }

    /**
     * Writes the lines of the requests that have ended. Called after their replies were handed to the socket.
     *
     * @param areSent whether there are replies; false if the client has gone
     */
    public void replied(long nowNanos, boolean areSent) {
        for (TracedRequest request : unreplied) {
            request.repliedNanos = areSent ? nowNanos : 0;
            trace.add(request);
        }
        unreplied.clear();
    }

    String export() {
        return export;
    }

    BlockDevice device() {
        return device;
    }

    String peer() {
        return peer;
    }
}
