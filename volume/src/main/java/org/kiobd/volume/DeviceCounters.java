package org.kiobd.volume;

import java.util.List;

/**
 * The counters of a device since it was opened. They are summed over the loops without stopping them: the share of an idle loop is
 * exact, the share of a busy loop may lag by a few requests.
 *
 * @param requests originals that were issued
 * @param chains chains in which the originals were issued
 * @param memberOps operations sent to members, including reissued ones
 * @param reissuedOps operations among {@code memberOps} that were reissued to find the original that a failure belongs to
 * @param readBytes bytes requested by READs
 * @param writtenBytes payload bytes of WRITEs
 * @param failedRequests originals that completed with an error
 * @param members counters of each member, by member index
 */
public record DeviceCounters(
        long requests,
        long chains,
        long memberOps,
        long reissuedOps,
        long readBytes,
        long writtenBytes,
        long failedRequests,
        List<MemberCounters> members) {

    /**
     * The counters of one member.
     *
     * @param ops operations sent to the member
     * @param inFlight operations in flight now
     * @param maxInFlight maximum number of operations in flight at once, on one loop
     * @param maxAgeMicros longest duration of an operation
     * @param errors operations that failed
     */
    public record MemberCounters(long ops, long inFlight, long maxInFlight, long maxAgeMicros, long errors) {}

    public DeviceCounters {
        members = List.copyOf(members);
    }
}
