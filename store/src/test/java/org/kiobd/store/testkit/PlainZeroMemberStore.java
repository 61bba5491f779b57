package org.kiobd.store.testkit;

import org.kiobd.store.ForwardingMemberStore;
import org.kiobd.store.MemberCapabilities;
import org.kiobd.store.MemberCapability;
import org.kiobd.store.MemberOp;
import org.kiobd.store.MemberPort;
import org.kiobd.store.MemberStore;
import org.kiobd.volume.IoError;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.Op;
import org.kiobd.volume.loop.IoLoop;

/** A member that zeroes by writing, says so, and refuses to be asked for more. */
public final class PlainZeroMemberStore extends ForwardingMemberStore {
    public PlainZeroMemberStore(MemberStore beneath) {
        super(beneath);
    }

    @Override
    public MemberCapabilities capabilities() {
        return MemberCapabilities.of(MemberCapability.TRIM, MemberCapability.DURABLE_FLUSH);
    }

    @Override
    protected void submit(MemberOp op, IoLoop loop, MemberPort to) {
        if (op.op() == Op.WRITE_ZEROES && op.has(Kiobuf.FAST_ZERO)) {
            op.complete(0, IoError.NOT_SUPPORTED);
        } else {
            to.submit(op);
        }
    }
}
