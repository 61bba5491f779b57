package org.kiobd.store;

import java.util.ArrayDeque;
import org.kiobd.volume.kiobuf.Op;

/**
 * Member operations of one loop, used again and again. What is given back is kept apart until {@link #recycle}: those up the stack may
 * still look at an operation that has just ended. What another thread has seen is not used again. Owned by who issues them, confined to its
 * loop.
 */
public final class MemberOpPool {
    /** More than are in flight at a time, over all members, are left to the collector. */
    private static final int MAX_KEPT = 1024;

    private final ArrayDeque<MemberOp> free = new ArrayDeque<>();
    private final ArrayDeque<MemberOp> ended = new ArrayDeque<>();

    /** As {@link MemberOp#MemberOp}. */
    public MemberOp take(Op op, int flags, int member, long offsetBytes, MemberOp.Listener listener) {
        MemberOp again = free.poll();
        if (again == null) {
            return new MemberOp(op, flags, member, offsetBytes, listener);
        }
        again.begin(op, flags, member, offsetBytes, listener);
        return again;
    }

    /** {@code op} has ended; nobody begins to use it from here on. */
    public void giveBack(MemberOp op) {
        if (op.isReusable() && free.size() + ended.size() < MAX_KEPT) {
            ended.add(op);
        }
    }

    /** Nobody up the stack has an operation that has ended. */
    public void recycle() {
        MemberOp op = ended.poll();
        while (op != null) {
            free.push(op);
            op = ended.poll();
        }
    }
}
