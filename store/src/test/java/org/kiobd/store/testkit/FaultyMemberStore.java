package org.kiobd.store.testkit;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kiobd.store.ForwardingMemberStore;
import org.kiobd.store.MemberOp;
import org.kiobd.store.MemberPort;
import org.kiobd.store.MemberStore;
import org.kiobd.volume.ByteRange;
import org.kiobd.volume.IoError;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.Op;
import org.kiobd.volume.loop.IoLoop;
import org.kiobd.volume.testkit.Ranges;

/**
 * A member with bad places. An operation that touches one transfers what lies before it, if it may, and fails there; a bad place may
 * heal after a number of failures, or only show after a number of touches. Faults are set while no operation runs.
 */
public final class FaultyMemberStore extends ForwardingMemberStore {
    private volatile @Nullable IoError kept;
    private final List<Fault> faults = new ArrayList<>();
    private @Nullable IoError syncError;
    private int failures;

    public FaultyMemberStore(MemberStore beneath) {
        super(beneath);
    }

    /** A bad place. */
    public static final class Fault {
        private final ByteRange range;
        private final IoError error;
        private int touchesBefore;
        private int failuresLeft = Integer.MAX_VALUE;
        private boolean partial = true;

        private Fault(ByteRange range, IoError error) {
            this.range = range;
            this.error = error;
        }

        /** The first {@code touches} operations that touch it succeed. */
        public Fault after(int touches) {
            touchesBefore = touches;
            return this;
        }

        /** It heals after {@code failures} failures. */
        public Fault times(int failures) {
            failuresLeft = failures;
            return this;
        }

        /** Nothing is transferred by an operation that fails, not even what lies before the bad place. */
        public Fault allOrNothing() {
            partial = false;
            return this;
        }

        private boolean hits(MemberOp op) {
            if (!Ranges.intersect(range, new ByteRange(op.offsetBytes(), op.lengthBytes())) || failuresLeft == 0) {
                return false;
            }
            if (touchesBefore > 0) {
                touchesBefore--;
                return false;
            }
            failuresLeft--;
            return true;
        }
    }

    /** Makes a place bad. */
    public Fault fail(ByteRange memberRange, IoError error) {
        Fault fault = new Fault(memberRange, error);
        faults.add(fault);
        return fault;
    }

    /** Says of syncs that fail with {@code error} that the next one covers them. */
    public void keepWhatFails(IoError error) {
        kept = error;
    }

    @Override
    public boolean isSyncFailureFinal(IoError error) {
        return error != kept;
    }

    /** From now on every sync fails, FUA's included; null heals. */
    public void failSyncs(@Nullable IoError error) {
        syncError = error;
    }

    /** Every bad place is good again. */
    public void heal() {
        faults.clear();
        syncError = null;
    }

    /** Operations that failed so far. */
    public int failures() {
        return failures;
    }

    @Override
    protected void submit(MemberOp op, IoLoop loop, MemberPort to) {
        Fault first = null;
        for (Fault fault : faults) {
            if (fault.hits(op) && (first == null || fault.range.offsetBytes() < first.range.offsetBytes())) {
                first = fault;
            }
        }
        if (first != null) {
            failures++;
            failAt(op, first, to);
        } else if (syncError != null && (op.op() == Op.FLUSH || op.has(Kiobuf.FUA))) {
            failures++;
            IoError error = syncError;
            to.submit(op.slice(0, op.lengthBytes(), done -> op.complete(op.lengthBytes(), error)));
        } else {
            to.submit(op);
        }
    }

    private static void failAt(MemberOp op, Fault fault, MemberPort to) {
        long goodBytes = fault.partial ? Math.max(0, fault.range.offsetBytes() - op.offsetBytes()) : 0;
        if (goodBytes == 0) {
            op.complete(0, fault.error);
        } else {
            to.submit(op.slice(0, goodBytes, done -> op.complete(goodBytes, fault.error)));
        }
    }
}
