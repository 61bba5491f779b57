package org.kiobd.volume.queue;

/**
 * An owner of requests that may go away without notice, e.g. a client on a socket. The queue asks it whether it is still there before it
 * issues one of its mutations. Confined to the loop of its requests.
 */
public interface Requester {

    /**
     * Returns whether the queue may issue mutations of this requester. If not, they go on waiting, and the requester must later call {@link
     * RequestQueue#dropUnissued} or {@link RequestQueue#reconsider}. Called for every mutating chain, so it must be cheap.
     *
     * @param nowNanos current {@link System#nanoTime()}
     */
    boolean isThere(long nowNanos);
}
