package org.kiobd.nbd.transmission;

import org.kiobd.nbd.ConnectionContext;
import org.kiobd.volume.BlockDevice;

/**
 * What one connection has in use: requests, reserved memory, receive buffers; and what it has done. Confined to its loop, but for
 * reading the counters.
 */
record ConnectionBudget(
        InFlight inFlight,
        MemoryBudget budget,
        PayloadMemory payloadMemory,
        ReplyMemory replyMemory,
        ConnectionCounters counters) {

    /** Gives back what nobody uses any more. */
    void sweep() {
        payloadMemory.sweep();
        if (inFlight.isEmpty()) {
            replyMemory.clear();
        } else {
            replyMemory.sweep();
        }
    }

    /** Memory was refused: gives back what nobody uses at the moment. */
    void shrink() {
        payloadMemory.sweep();
        replyMemory.shrink();
    }

    /** What {@link MemoryBudget#reserveUpTo} gives, at the price of what is only kept. */
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
