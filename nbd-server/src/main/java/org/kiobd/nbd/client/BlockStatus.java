package org.kiobd.nbd.client;

import java.util.List;
import java.util.Map;

/**
 * What block status told: consecutive extents from the offset on that was asked about, for each context. They may end before the range
 * does (ask again from there), and the last may reach beyond it. Immutable.
 *
 * @param contexts by name, such as base:allocation
 */
public record BlockStatus(Map<String, List<Extent>> contexts) {
    public BlockStatus {
        contexts = Map.copyOf(contexts);
    }

    /**
     * A run of bytes with one status.
     *
     * @param lengthBytes 1 or more
     * @param status what the context defines; for base:allocation NBD_STATE_HOLE and NBD_STATE_ZERO
     */
    public record Extent(long lengthBytes, long status) {}

    /** Of one context; empty if it was not asked for. */
    public List<Extent> of(String context) {
        return contexts.getOrDefault(context, List.of());
    }
}
