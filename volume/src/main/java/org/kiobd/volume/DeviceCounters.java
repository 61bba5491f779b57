package org.kiobd.volume;

import java.util.List;

/**
 * What a device has done since it was opened. Counters are summed over loops without stopping them: each figure is exact for a loop
 * at rest, and at most a few requests behind for one at work.
 *
 * @param requests originals that were issued
 * @param chains chains they came in
 * @param memberOps operations sent to members, those sent again included
 * @param reissuedOps of them, those sent again to find out which original a failure belongs to
 * @param readBytes bytes asked for by READs
 * @param writtenBytes bytes brought by WRITEs
 * @param failedRequests originals that completed with an error
 * @param members the same per member, by index
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
     * One member's share.
     *
     * @param ops operations sent to the member
     * @param inFlight operations under way now
     * @param maxInFlight most operations under way at once, on one loop
     * @param maxAgeMicros longest time an operation took
     * @param errors operations that failed
     */
    public record MemberCounters(long ops, long inFlight, long maxInFlight, long maxAgeMicros, long errors) {}

    public DeviceCounters {
        members = List.copyOf(members);
    }
}
