package org.kiobd.nbd.transmission;

import io.netty.buffer.ByteBuf;
import java.util.ArrayDeque;

/**
 * The buffers that hold payload of WRITEs under way, each with what it was charged: a receive buffer as a whole, however small the
 * payload that keeps it. Each holds one reference more than its users, and goes when that is the last.
 */
final class PayloadMemory {
    private final MemoryBudget budget;
    private final ArrayDeque<Lease> leases = new ArrayDeque<>();

    private record Lease(ByteBuf memory, long chargedBytes) {}

    PayloadMemory(MemoryBudget budget) {
        this.budget = budget;
    }

    /** Whether {@code memory} is held already; the one held last is asked about most. */
    @SuppressWarnings("ReferenceEquality") // this very buffer, not one with equal bytes
    boolean holds(ByteBuf memory) {
        Lease last = leases.peekLast();
        return last != null && last.memory == memory;
    }

    /** Holds {@code memory}, for which {@code chargedBytes} were reserved. Adds a reference of its own. */
    void hold(ByteBuf memory, long chargedBytes) {
        leases.add(new Lease(memory.retain(), chargedBytes));
    }

    /** Lets go of what nobody else uses any more, and gives back what it was charged. */
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
