package org.kiobd.volume.queue;

/**
 * An owner of requests who may go away without a word: a client on a socket. Before a mutation of theirs is issued they are asked
 * whether they are still there. Confined to the loop of its requests.
 */
public interface Requester {

    /**
     * Whether requests may be issued in its name. False leaves them waiting; the requester then owes the queue either {@link
     * RequestQueue#dropUnissued} or {@link RequestQueue#reconsider}. Asked once a chain, so it must be cheap.
     *
     * @param nowNanos {@link System#nanoTime()}
     */
    boolean isThere(long nowNanos);
}
