package org.kiobd.nbd.transmission;

import io.netty.buffer.ByteBuf;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;
import org.kiobd.volume.kiobuf.AlignedMemory;
import org.kiobd.volume.kiobuf.PagePool;

/**
 * Where the replies to small READs stand, one behind the other in a common buffer: those of a batch leave as one piece, and no request
 * pays for memory of its own. A buffer is charged as a whole while anybody uses it. One per connection, confined to its loop.
 */
final class ReplyMemory {
    /** A connection that reads little at a time has no more than this; where memory is scarce, less. */
    private static final int CHUNK_BYTES = 64 << 10;

    private static final int CHUNKS_A_POOL = 256;

    /** At most this part of a buffer is left over at its end. */
    private static final int REPLIES_A_CHUNK = 4;

    private final PagePool pool;
    private final MemoryBudget budget;
    private final int chunkBytes;
    private final int maxReplyBytes;
    private final ArrayDeque<ByteBuf> full = new ArrayDeque<>();
    private @Nullable ByteBuf current;

    /** @param pagesApart whether data of a page and more stand in pages of their own ({@link RequestMemory}), so not here */
    ReplyMemory(PagePool pool, MemoryBudget budget, boolean pagesApart) {
        this.pool = pool;
        this.budget = budget;
        this.chunkBytes =
                (int) Math.min(Math.min(CHUNK_BYTES, pool.shareBytes()), pool.capacityBytes() / CHUNKS_A_POOL);
        int most = chunkBytes / REPLIES_A_CHUNK;
        this.maxReplyBytes = pagesApart ? Math.min(most, AlignedMemory.ALIGNMENT_BYTES) : most;
    }

    /** Whether a reply of this size stands here. */
    boolean takes(long replyBytes) {
        return replyBytes <= maxReplyBytes;
    }

    /** Sees to it that the next reply finds room; false if that is refused, as {@link MemoryBudget#reserve} says. */
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
            // Everything that stood here has left: the same again, while it is in the processor's cache.
            current.clear();
        }
        return current.writableBytes() >= replyBytes;
    }

    /**
     * The buffer with room for a reply from its writer index on, which the call moves behind it; {@link #prepare} was asked. Returns owned:
     * adds a reference.
     */
    ByteBuf next(int replyBytes) {
        ByteBuf chunk = current;
        if (chunk == null || chunk.writableBytes() < replyBytes) {
            throw new IllegalStateException("no room was prepared: replyBytes=" + replyBytes);
        }
        chunk.writerIndex(chunk.writerIndex() + replyBytes);
        return chunk.retain();
    }

    /** Lets go of what nobody else uses any more. */
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

    /** Memory is short: lets go of the buffer that would be filled next, too, if it is empty. */
    void shrink() {
        sweep();
        if (current != null && current.refCnt() == 1) {
            release(current);
            current = null;
        }
    }

    /** No request is in flight, so all that stood here has left: lets go of everything. */
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
