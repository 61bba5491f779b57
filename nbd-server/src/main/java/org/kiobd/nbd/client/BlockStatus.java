package org.kiobd.nbd.client;

import java.util.List;
import java.util.Map;

/**
 * The result of a BLOCK_STATUS: for each context, consecutive extents from the requested offset on. The extents may end before the end of
 * the requested range (send another request from there), and the last one may reach beyond it. Immutable.
 *
 * @param contexts the extents by name of the context, e.g. base:allocation
 */
public record BlockStatus(Map<String, List<Extent>> contexts) {
    public BlockStatus {
        contexts = Map.copyOf(contexts);
    }

    /**
     * A run of bytes with one status.
     *
     * @param lengthBytes 1 or more
     * @param status a value defined by the context; for base:allocation NBD_STATE_HOLE and NBD_STATE_ZERO
     */
    public record Extent(long lengthBytes, long status) {}

    /** Returns the extents of one context; empty if it was not requested. */
    public List<Extent> of(String context) {
        return contexts.getOrDefault(context, List.of());
    }
}
