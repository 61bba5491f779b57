package org.kiobd.nbd.transmission;

import org.kiobd.nbd.ConnectionContext;
import org.kiobd.volume.BlockDevice;

/**
 * What one connection has in use: requests, reserved memory, receive buffers; and what it has done. Confined to its loop, but for
 * reading the counters.
 */
record Accounts(
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

    /** @param onGranted runs on the loop when memory that was waited for is there */
    static Accounts open(ConnectionContext connection, BlockDevice device, Runnable onGranted) {
        MemoryBudget budget = new MemoryBudget(connection.pool(), connection.loop(), onGranted);
        return new Accounts(
                new InFlight(connection.limits()),
                budget,
                new PayloadMemory(budget),
                new ReplyMemory(connection.pool(), budget, device.memoryAlignmentBytes() > 1),
                new ConnectionCounters());
    }
}
