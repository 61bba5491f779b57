package org.kiobd.raid.layout;

import org.jspecify.annotations.Nullable;
import org.kiobd.store.MemberOp;
import org.kiobd.store.MemberOpPool;
import org.kiobd.volume.kiobuf.ChainCursor;
import org.kiobd.volume.kiobuf.ChainSlice;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.KiobufChain;

/**
 * Splits a merged chain over the members. In 2001 the linux-kernel list feared that this requires a duplicate of the chain for each member;
 * it does not. One pass of a cursor appends each slice to the operation of its member; because a contiguous range is contiguous on each
 * member, this makes at most one operation per member. For F fragments and C chunks it makes at most F + C - 1 gather entries, copies no
 * payload, duplicates no part of the chain, and leaves the chain unchanged.
 *
 * <p>Reused by one event loop; not thread-safe. The caller owns the operations of a split.
 */
public final class StripeSplitter {
    private final StripeLayout layout;
    private final MemberOpPool pool;
    private final ChainCursor cursor = new ChainCursor();
    private final @Nullable MemberOp[] byMember;

    /** Makes a splitter that allocates a new operation whenever it needs one. */
    public StripeSplitter(StripeLayout layout) {
        this(layout, new MemberOpPool());
    }

    /** @param pool source of the operations; the caller that issues them gives them back */
    public StripeSplitter(StripeLayout layout, MemberOpPool pool) {
        this.layout = layout;
        this.pool = pool;
        this.byMember = new MemberOp[layout.members()];
    }

    /** Receives the operations of one split, in the order in which the range touches the members. */
    @FunctionalInterface
    public interface Sink {
        void accept(MemberOp op);
    }

    /**
     * Splits {@code chain}, which is borrowed. Adds one to the pending count of each original for each operation that covers one of its
     * bytes, or for each member if the chain is a FLUSH. All operations have all their entries before the first one reaches {@code sink}.
     *
     * @param listener called when an operation has ended
     * @return number of operations given to {@code sink}
     */
    public int split(KiobufChain chain, MemberOp.Listener listener, Sink sink) {
        int first = 0;
        switch (chain.op()) {
            case READ, WRITE -> {
                first = layout.member(chain.offsetBytes());
                splitData(chain, listener);
            }
            case TRIM, WRITE_ZEROES, CACHE -> {
                first = layout.member(chain.offsetBytes());
                splitRange(chain, listener);
            }
            case FLUSH -> splitFlush(chain, listener);
        }
        return emit(first, sink);
    }

    private void splitData(KiobufChain chain, MemberOp.Listener listener) {
        cursor.reset(chain);
        long offsetBytes = chain.offsetBytes();
        while (cursor.hasNext()) {
            MemberOp op = opFor(layout.member(offsetBytes), chain, layout.memberOffsetBytes(offsetBytes), listener);
            long restBytes = layout.runBytes(offsetBytes);
            while (restBytes > 0 && cursor.hasNext()) {
                ChainSlice slice = cursor.next(restBytes);
                op.add(slice);
                restBytes -= slice.lengthBytes();
                offsetBytes += slice.lengthBytes();
            }
        }
        cursor.clear();
    }

    private void splitRange(KiobufChain chain, MemberOp.Listener listener) {
        for (Kiobuf original = chain.head(); original != null; original = original.next()) {
            for (int member = 0; member < byMember.length; member++) {
                long fromBytes = layout.below(member, original.offsetBytes());
                long toBytes = layout.below(member, original.endBytes());
                if (fromBytes < toBytes) {
                    long atBytes = layout.deviceOffsetBytes(member, fromBytes) - original.offsetBytes();
                    opFor(member, chain, fromBytes, listener).add(original, atBytes, toBytes - fromBytes);
                }
            }
        }
    }

    private void splitFlush(KiobufChain chain, MemberOp.Listener listener) {
        for (int member = 0; member < byMember.length; member++) {
            MemberOp op = opFor(member, chain, 0, listener);
            for (Kiobuf original = chain.head(); original != null; original = original.next()) {
                op.add(original, 0, 0);
            }
        }
    }

    private MemberOp opFor(int member, KiobufChain chain, long memberOffsetBytes, MemberOp.Listener listener) {
        MemberOp op = byMember[member];
        if (op == null) {
            op = pool.take(chain.op(), chain.flags(), member, memberOffsetBytes, listener);
            byMember[member] = op;
        }
        return op;
    }

    private int emit(int first, Sink sink) {
        int count = 0;
        for (int i = 0; i < byMember.length; i++) {
            int member = first + i < byMember.length ? first + i : first + i - byMember.length;
            MemberOp op = byMember[member];
            if (op != null) {
                // Cleared before the call: an operation that ends at once may start the next split.
                byMember[member] = null;
                count++;
                sink.accept(op);
            }
        }
        return count;
    }
}
