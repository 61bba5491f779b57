package org.kiobd.volume.queue;

/**
 * How far merging may go. All limits are per loop.
 *
 * @param maxChainBytes a chain does not grow beyond this by merging; a single request may be larger
 * @param maxOriginalsPerChain originals in one chain; 1 switches merging off
 * @param plugRequests requests collected before the plug is pulled in the middle of a batch
 * @param maxInFlightPerMember operations one member has under way from one loop; beyond it chains wait and go on merging
 * @param plugDelayNanos how long a plug stays in for requests to come; 0: to the end of the loop's iteration
 */
public record MergeLimits(
        long maxChainBytes, int maxOriginalsPerChain, int plugRequests, int maxInFlightPerMember, long plugDelayNanos) {

    /** What a server uses unless told otherwise. */
    public static final MergeLimits DEFAULT = new MergeLimits(8L << 20, 1024, 1024, 64);

    /** The same limits with merging switched off, to measure what it brings. */
    public MergeLimits withoutMerging() {
        return new MergeLimits(maxChainBytes, 1, plugRequests, maxInFlightPerMember, plugDelayNanos);
    }

    /** The same limits with a plug that waits. */
    public MergeLimits withPlugDelay(long nanos) {
        return new MergeLimits(maxChainBytes, maxOriginalsPerChain, plugRequests, maxInFlightPerMember, nanos);
    }

    /** Without a delay. */
    public MergeLimits(long maxChainBytes, int maxOriginalsPerChain, int plugRequests, int maxInFlightPerMember) {
        this(maxChainBytes, maxOriginalsPerChain, plugRequests, maxInFlightPerMember, 0);
    }

    public MergeLimits {
        if (maxChainBytes < 1
                || maxOriginalsPerChain < 1
                || plugRequests < 1
                || maxInFlightPerMember < 1
                || plugDelayNanos < 0) {
            throw new IllegalArgumentException(
                    "merge limits must be 1 or more, and a delay 0 or more: maxChainBytes=" + maxChainBytes
                            + " maxOriginalsPerChain=" + maxOriginalsPerChain + " plugRequests=" + plugRequests
                            + " maxInFlightPerMember=" + maxInFlightPerMember + " plugDelayNanos=" + plugDelayNanos);
        }
    }
}
