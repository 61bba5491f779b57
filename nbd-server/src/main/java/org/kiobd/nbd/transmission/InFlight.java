package org.kiobd.nbd.transmission;

import org.kiobd.nbd.NbdLimits;

/** A connection's requests between their header and the last byte of their reply on the socket. */
final class InFlight {
    private final NbdLimits limits;
    private int requests;
    private long bytes;

    InFlight(NbdLimits limits) {
        this.limits = limits;
    }

    /** Whether one more may begin. One may always, however large. */
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
