package org.kiobd.nbd.transmission;

import io.netty.buffer.ByteBuf;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;
import org.kiobd.volume.BlockDevice;
import org.kiobd.volume.kiobuf.AlignedMemory;
import org.kiobd.volume.kiobuf.PagePool;

/**
 * Provides the buffers for the data of one connection's requests, and charges them to its {@link ConnectionBudget} until nobody uses them
 * any more:
 *
 * <ul>
 *   <li>The replies to small READs follow one another in common buffers, so that the replies of a batch are sent as one piece, and a
 *       request needs no memory of its own. A common buffer is charged as a whole while it is in use.
 *   <li>The payload of a WRITE stays in the buffer that received it. Such a buffer is charged as a whole, however small the payload in it.
 *   <li>Other data has memory of its own, which the caller has reserved: page-aligned if the device bypasses the page cache (O_DIRECT).
 * </ul>
 *
 * <p>Confined to the connection's loop.
 */
final class ConnectionMemory {
    /** Size of a common buffer, unless the pool is small; enough for a connection that reads little at a time. */
    private static final int COMMON_BYTES = 64 << 10;

    private static final int COMMON_BUFFERS_A_POOL = 256;

    /** A reply takes at most 1/this of a common buffer, so at most this part is left unused at its end. */
    private static final int REPLIES_A_BUFFER = 4;

    private final PagePool pool;
    private final ConnectionBudget budget;
    private final boolean aligned;
    private final int commonBytes;
    private final int maxReplyBytes;
    private final ArrayDeque<ByteBuf> full = new ArrayDeque<>();
    private final ArrayDeque<Lease> payloads = new ArrayDeque<>();
    private @Nullable ByteBuf current;

    /** A buffer with payload, to which this class holds one reference in addition to those of its users. */
    private record Lease(ByteBuf memory, long chargedBytes) {}

    ConnectionMemory(PagePool pool, ConnectionBudget budget, BlockDevice device) {
        this.pool = pool;
        this.budget = budget;
        this.aligned = device.memoryAlignmentBytes() > 1;
        this.commonBytes =
                (int) Math.min(Math.min(COMMON_BYTES, pool.shareBytes()), pool.capacityBytes() / COMMON_BUFFERS_A_POOL);
        int most = commonBytes / REPLIES_A_BUFFER;
        // Data of a page or more would not be page-aligned after its header.
        this.maxReplyBytes = aligned ? Math.min(most, AlignedMemory.ALIGNMENT_BYTES) : most;
    }

    /**
     * Returns whether {@code bytes} of data need pages of their own, apart from the header before them. Data of less than a page is copied
     * before the I/O anyway, and would take a whole page.
     */
    boolean isApart(long bytes) {
        return aligned && bytes >= AlignedMemory.ALIGNMENT_BYTES;
    }

    /** Returns memory for data, owned; its contents are undefined. The caller has reserved the bytes. */
    ByteBuf allocate(int bytes) {
        return isApart(bytes) ? AlignedMemory.allocate(bytes) : pool.allocate(bytes);
    }

    /** Returns whether a reply of this size goes into a common buffer. */
    boolean isCommon(long replyBytes) {
        return replyBytes <= maxReplyBytes;
    }

    /** Makes room for the next reply in a common buffer; returns false if memory is refused, as {@link ConnectionBudget#reserve} does. */
    boolean prepareReply(int replyBytes) {
        if (hasRoom(replyBytes)) {
            return true;
        }
        if (!budget.reserve(commonBytes)) {
            return false;
        }
        if (current != null) {
            full.add(current);
        }
        current = pool.allocate(commonBytes);
        return true;
    }

    private boolean hasRoom(int replyBytes) {
        if (current == null) {
            return false;
        }
        if (current.writableBytes() < replyBytes && current.refCnt() == 1) {
            // All replies in this buffer have been sent: reuse it while it is in the CPU cache.
            current.clear();
        }
        return current.writableBytes() >= replyBytes;
    }

    /**
     * Returns the current common buffer, owned (adds a reference), after moving its writer index past the room for a reply: the room is the
     * last {@code replyBytes} before the writer index. {@link #prepareReply} must have been called.
     */
    ByteBuf nextReply(int replyBytes) {
        ByteBuf common = current;
        if (common == null || common.writableBytes() < replyBytes) {
            throw new IllegalStateException("no room was prepared: replyBytes=" + replyBytes);
        }
        common.writerIndex(common.writerIndex() + replyBytes);
        return common.retain();
    }

    /** Returns whether {@code memory} is the payload buffer held last; older buffers are not checked. */
    @SuppressWarnings("ReferenceEquality") // this very buffer, not one with equal bytes
    boolean holds(ByteBuf memory) {
        Lease last = payloads.peekLast();
        return last != null && last.memory == memory;
    }

    /** Holds {@code memory} with payload, for which {@code chargedBytes} were reserved. Adds a reference of its own. */
    void hold(ByteBuf memory, long chargedBytes) {
        payloads.add(new Lease(memory.retain(), chargedBytes));
    }

    /** Returns whether a buffer with payload is held. */
    boolean holdsPayload() {
        return !payloads.isEmpty();
    }

    /** Releases memory that nobody uses any more. */
    void sweep() {
        sweepPayloads();
        if (budget.isIdle()) {
            clearReplies();
        } else {
            sweepReplies();
        }
    }

    /** Releases memory that nobody uses at the moment, also the current common buffer. Called after a reservation was refused. */
    void shrink() {
        sweepPayloads();
        sweepReplies();
        if (current != null && current.refCnt() == 1) {
            releaseCommon(current);
            current = null;
        }
    }

    /** Reserves as {@link ConnectionBudget#reserveUpTo} does; if that is refused, releases unused memory and tries again. */
    long reserveUpTo(long bytes) {
        long reservedBytes = budget.reserveUpTo(bytes);
        if (reservedBytes == 0) {
            shrink();
            reservedBytes = budget.reserveUpTo(bytes);
        }
        return reservedBytes;
    }

    /** Drops all common buffers. Called when no request is in flight, so that all replies have been sent. */
    void clearReplies() {
        ByteBuf common = full.poll();
        while (common != null) {
            releaseCommon(common);
            common = full.poll();
        }
        if (current != null) {
            releaseCommon(current);
            current = null;
        }
    }

    private void sweepPayloads() {
        for (int left = payloads.size(); left > 0; left--) {
            Lease lease = payloads.remove();
            if (lease.memory.refCnt() == 1) {
                lease.memory.release();
                budget.release(lease.chargedBytes);
            } else {
                payloads.add(lease);
            }
        }
    }

    private void sweepReplies() {
        for (int left = full.size(); left > 0; left--) {
            ByteBuf common = full.remove();
            if (common.refCnt() == 1) {
                releaseCommon(common);
            } else {
                full.add(common);
            }
        }
    }

    private void releaseCommon(ByteBuf common) {
        common.release();
        budget.release(commonBytes);
    }
}
