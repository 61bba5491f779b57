package org.kiobd.it.bench;

import org.kiobd.store.ForwardingMemberStore;
import org.kiobd.store.MemberOp;
import org.kiobd.store.MemberPort;
import org.kiobd.store.MemberStore;
import org.kiobd.store.MemberUri;
import org.kiobd.volume.loop.IoLoop;

/** A wrapper that gives a member another name and passes its operations to a {@link Rig}. Owns the wrapped member. */
public final class RiggedStore extends ForwardingMemberStore {
    private final MemberUri uri;
    private final Rig rig;

    /** Decides what happens to the operations of a member; called on the event loop. */
    @FunctionalInterface
    public interface Rig {
        /** Completes {@code op}, now or later, or passes it to {@code to}. */
        void submit(MemberOp op, IoLoop loop, MemberPort to);
    }

    /**
     * Takes {@code beneath}.
     *
     * @param uri the name of this member
     */
    public RiggedStore(MemberUri uri, Rig rig, MemberStore beneath) {
        super(beneath);
        this.uri = uri;
        this.rig = rig;
    }

    @Override
    public MemberUri uri() {
        return uri;
    }

    @Override
    protected void submit(MemberOp op, IoLoop loop, MemberPort to) {
        rig.submit(op, loop, to);
    }
}
