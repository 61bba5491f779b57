package org.kiobd.manage.figures;

import org.kiobd.volume.DeviceCounters;

/**
 * The requests of a volume since it was opened. Immutable.
 *
 * @param requests requests that were issued to the volume
 * @param chains chains in which they were issued
 * @param memberOps operations sent to members, including reissued ones
 * @param submittedOps calls or submissions to the kernel or the database that the operations needed
 * @param reissuedOps operations that were sent again to find the request that a failure belongs to
 * @param readBytes bytes requested by READs
 * @param writtenBytes payload bytes of WRITEs
 * @param failedRequests requests that the volume completed with an error
 * @param refusedRequests requests that were answered with an error and not issued
 */
public record RequestTotals(
        long requests,
        long chains,
        long memberOps,
        long submittedOps,
        long reissuedOps,
        long readBytes,
        long writtenBytes,
        long failedRequests,
        long refusedRequests) {

    /**
     * Returns the totals of a device.
     *
     * @param submittedOps sum of the members' submissions
     * @param failedReplies replies with an error, including those of requests that were refused
     */
    public static RequestTotals of(DeviceCounters device, long submittedOps, long failedReplies) {
        return new RequestTotals(
                device.requests(),
                device.chains(),
                device.memberOps(),
                submittedOps,
                device.reissuedOps(),
                device.readBytes(),
                device.writtenBytes(),
                device.failedRequests(),
                // The two are counted at different moments.
                Math.max(0, failedReplies - device.failedRequests()));
    }
}
