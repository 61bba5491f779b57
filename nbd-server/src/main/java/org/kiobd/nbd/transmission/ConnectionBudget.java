package org.kiobd.nbd.transmission;

import org.kiobd.nbd.ConnectionContext;
import org.kiobd.volume.BlockDevice;

/**
 * What one connection uses: requests in flight, reserved memory, receive buffers; and its counters. Confined to its loop, except for
 * reading the counters.
 */
record ConnectionBudget(
        InFlight inFlight,
        MemoryBudget budget,
        PayloadMemory payloadMemory,
        ReplyMemory replyMemory,
        ConnectionCounters counters) {

    /** Releases memory that nobody uses any more. */
    void sweep() {
        payloadMemory.sweep();
        if (inFlight.isEmpty()) {
            replyMemory.clear();
        } else {
            replyMemory.sweep();
        }
    }

    /** Releases memory that nobody uses at the moment. Called after a reservation was refused. */
    void shrink() {
        payloadMemory.sweep();
        replyMemory.shrink();
    }

    /** Reserves as {@link MemoryBudget#reserveUpTo} does; if that is refused, releases unused memory and tries again. */
    long reserveUpTo(long bytes) {
        long reservedBytes = budget.reserveUpTo(bytes);
        if (reservedBytes == 0) {
            shrink();
            reservedBytes = budget.reserveUpTo(bytes);
        }
        return reservedBytes;
    }

    static ConnectionBudget open(ConnectionContext connection, BlockDevice device) {
        MemoryBudget budget = new MemoryBudget(connection.pool());
        return new ConnectionBudget(
                new InFlight(connection.limits()),
                budget,
                new PayloadMemory(budget),
                new ReplyMemory(connection.pool(), budget, device.memoryAlignmentBytes() > 1),
                new ConnectionCounters());
    }
}
