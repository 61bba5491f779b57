package org.kiobd.nbd.transmission;

import io.netty.buffer.ByteBuf;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;
import org.kiobd.volume.kiobuf.AlignedMemory;
import org.kiobd.volume.kiobuf.PagePool;

/**
 * Memory for the replies to small READs, one after another in common buffers: the replies of a batch are sent as one piece, and a request
 * needs no memory of its own. A buffer is charged as a whole while it is in use. One per connection, confined to its loop.
 */
final class ReplyMemory {
    /** Size of a buffer, unless the pool is small; enough for a connection that reads little at a time. */
    private static final int CHUNK_BYTES = 64 << 10;

    private static final int CHUNKS_A_POOL = 256;

    /** A reply takes at most 1/this of a buffer, so at most this part is left unused at its end. */
    private static final int REPLIES_A_CHUNK = 4;

    private final PagePool pool;
    private final MemoryBudget budget;
    private final int chunkBytes;
    private final int maxReplyBytes;
    private final ArrayDeque<ByteBuf> full = new ArrayDeque<>();
    private @Nullable ByteBuf current;

    /** @param pagesApart whether data of a page or more needs pages of its own ({@link RequestMemory}), and so does not belong here */
    ReplyMemory(PagePool pool, MemoryBudget budget, boolean pagesApart) {
        this.pool = pool;
        this.budget = budget;
        this.chunkBytes =
                (int) Math.min(Math.min(CHUNK_BYTES, pool.shareBytes()), pool.capacityBytes() / CHUNKS_A_POOL);
        int most = chunkBytes / REPLIES_A_CHUNK;
        this.maxReplyBytes = pagesApart ? Math.min(most, AlignedMemory.ALIGNMENT_BYTES) : most;
    }

    /** Returns whether a reply of this size belongs here. */
    boolean takes(long replyBytes) {
        return replyBytes <= maxReplyBytes;
    }

    /** Makes room for the next reply; returns false if memory is refused, as {@link MemoryBudget#reserve} does. */
    boolean prepare(int replyBytes) {
        if (hasRoom(replyBytes)) {
            return true;
        }
        if (!budget.reserve(chunkBytes)) {
            return false;
        }
        if (current != null) {
            full.add(current);
        }
        current = pool.allocate(chunkBytes);
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
     * Returns the current buffer, owned (adds a reference), after moving its writer index past the room for a reply: the room is the last
     * {@code replyBytes} before the writer index. {@link #prepare} must have been called.
     */
    ByteBuf next(int replyBytes) {
        ByteBuf chunk = current;
        if (chunk == null || chunk.writableBytes() < replyBytes) {
            throw new IllegalStateException("no room was prepared: replyBytes=" + replyBytes);
        }
        chunk.writerIndex(chunk.writerIndex() + replyBytes);
        return chunk.retain();
    }

    /** Drops full buffers that nobody else uses any more. */
    void sweep() {
        for (int left = full.size(); left > 0; left--) {
            ByteBuf chunk = full.remove();
            if (chunk.refCnt() == 1) {
                release(chunk);
            } else {
                full.add(chunk);
            }
        }
    }

    /** Drops all buffers that nobody else uses, including the current one, because memory is short. */
    void shrink() {
        sweep();
        if (current != null && current.refCnt() == 1) {
            release(current);
            current = null;
        }
    }

    /** Drops all buffers. Called when no request is in flight, so that all replies have been sent. */
    void clear() {
        ByteBuf chunk = full.poll();
        while (chunk != null) {
            release(chunk);
            chunk = full.poll();
        }
        if (current != null) {
            release(current);
            current = null;
        }
    }

    private void release(ByteBuf chunk) {
        chunk.release();
        budget.release(chunkBytes);
    }
}
