package org.kiobd.nbd.transmission;

import org.kiobd.nbd.NbdLimits;

/** Counts the requests of a connection that are in flight: from their header until the last byte of their reply is in the socket. */
final class InFlight {
    private final NbdLimits limits;
    private int requests;
    private long bytes;

    InFlight(NbdLimits limits) {
        this.limits = limits;
    }

    /** Returns whether one more request may begin. A single request always may, however large. */
    boolean admits(long moreBytes) {
        return requests == 0
                || (requests < limits.maxInFlightRequests() && bytes <= limits.maxInFlightBytes() - moreBytes);
    }

    void begin(long moreBytes) {
        requests++;
        bytes += moreBytes;
    }

    void end(int endedRequests, long endedBytes) {
        requests -= endedRequests;
        bytes -= endedBytes;
    }

    boolean isEmpty() {
        return requests == 0;
    }

    int requests() {
        return requests;
    }
}
