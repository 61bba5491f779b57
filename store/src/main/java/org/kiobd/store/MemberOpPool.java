package org.kiobd.store;

import java.util.ArrayDeque;
import org.kiobd.volume.kiobuf.Op;

/**
 * Pool of the member operations of one loop. Returned operations are not reused before {@link #recycle}, because callers up the stack may
 * still read an operation that has just ended. An operation that another thread has seen is never reused. Owned by the port that issues
 * the operations, confined to its loop.
 */
public final class MemberOpPool {
    /** Most operations to keep; hardly more are in flight over all members. The garbage collector takes the rest. */
    private static final int MAX_KEPT = 1024;

    private final ArrayDeque<MemberOp> free = new ArrayDeque<>();
    private final ArrayDeque<MemberOp> ended = new ArrayDeque<>();

    /** Returns an operation without entries, new or reused; parameters as for {@link MemberOp#MemberOp}. */
    public MemberOp take(Op op, int flags, int member, long offsetBytes, MemberOp.Listener listener) {
        MemberOp again = free.poll();
        if (again == null) {
            return new MemberOp(op, flags, member, offsetBytes, listener);
        }
        again.begin(op, flags, member, offsetBytes, listener);
        return again;
    }

    /** Takes back {@code op}, which has ended; only callers up the stack may still read it. */
    public void giveBack(MemberOp op) {
        if (op.isReusable() && free.size() + ended.size() < MAX_KEPT) {
            ended.add(op);
        }
    }

    /** Makes the returned operations available again. Call it only where no caller up the stack has an ended operation. */
    public void recycle() {
        MemberOp op = ended.poll();
        while (op != null) {
            free.push(op);
            op = ended.poll();
        }
    }
}
