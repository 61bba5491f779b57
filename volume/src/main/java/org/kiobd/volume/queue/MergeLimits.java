package org.kiobd.volume.queue;

/**
 * The limits of merging. All limits are per loop.
 *
 * @param maxChainBytes maximum length of a chain that merging produces; a single request may be larger
 * @param maxOriginalsPerChain maximum number of originals in one chain; 1 disables merging
 * @param plugRequests number of collected requests at which the plug is pulled before the end of the batch
 * @param maxInFlightPerMember maximum number of operations that one loop has in flight on one member; further chains wait and go on merging
 * @param plugDelayNanos time from the first request to the pull of the plug; 0 if the plug is pulled at the end of the loop iteration
 */
public record MergeLimits(
        long maxChainBytes, int maxOriginalsPerChain, int plugRequests, int maxInFlightPerMember, long plugDelayNanos) {

    /** The default limits of a server. */
    public static final MergeLimits DEFAULT = new MergeLimits(8L << 20, 1024, 1024, 64);

    /** Returns the same limits with merging disabled, to measure the effect of merging. */
    public MergeLimits withoutMerging() {
        return new MergeLimits(maxChainBytes, 1, plugRequests, maxInFlightPerMember, plugDelayNanos);
    }

    /** Returns the same limits with the given plug delay. */
    public MergeLimits withPlugDelay(long nanos) {
        return new MergeLimits(maxChainBytes, maxOriginalsPerChain, plugRequests, maxInFlightPerMember, nanos);
    }

    /** Creates limits without a plug delay. */
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
