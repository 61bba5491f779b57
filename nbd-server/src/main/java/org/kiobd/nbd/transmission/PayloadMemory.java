package org.kiobd.nbd.transmission;

import io.netty.buffer.ByteBuf;
import java.util.ArrayDeque;

/**
 * The buffers that hold the payload of WRITEs in flight, each with the bytes it is charged: a receive buffer is charged as a whole, however
 * small the payload in it. Holds one reference to each buffer in addition to those of its users, and drops a buffer when only that
 * reference is left.
 */
final class PayloadMemory {
    private final MemoryBudget budget;
    private final ArrayDeque<Lease> leases = new ArrayDeque<>();

    private record Lease(ByteBuf memory, long chargedBytes) {}

    PayloadMemory(MemoryBudget budget) {
        this.budget = budget;
    }

    /** Returns whether {@code memory} is the buffer held last; older buffers are not checked. */
    @SuppressWarnings("ReferenceEquality") // this very buffer, not one with equal bytes
    boolean holds(ByteBuf memory) {
        Lease last = leases.peekLast();
        return last != null && last.memory == memory;
    }

    /** Holds {@code memory}, for which {@code chargedBytes} were reserved. Adds a reference of its own. */
    void hold(ByteBuf memory, long chargedBytes) {
        leases.add(new Lease(memory.retain(), chargedBytes));
    }

    /** Drops buffers that nobody else uses any more, and releases the bytes they were charged. */
    void sweep() {
        for (int left = leases.size(); left > 0; left--) {
            Lease lease = leases.remove();
            if (lease.memory.refCnt() == 1) {
                lease.memory.release();
                budget.release(lease.chargedBytes);
            } else {
                leases.add(lease);
            }
        }
    }

    boolean isEmpty() {
        return leases.isEmpty();
    }
}
