package org.kiobd.it.bench;

import org.kiobd.store.ForwardingMemberStore;
import org.kiobd.store.MemberOp;
import org.kiobd.store.MemberPort;
import org.kiobd.store.MemberStore;
import org.kiobd.store.MemberUri;
import org.kiobd.volume.loop.IoLoop;

/** A member under another name, of which a {@link Rig} says what becomes of its operations. Owns the one beneath. */
public final class RiggedStore extends ForwardingMemberStore {
    private final MemberUri uri;
    private final Rig rig;

    /** What becomes of an operation of a member; called on the loop. */
    @FunctionalInterface
    public interface Rig {
        /** Ends {@code op}, now or later, or hands it to {@code to}. */
        void submit(MemberOp op, IoLoop loop, MemberPort to);
    }

    /**
     * Takes {@code beneath}.
     *
     * @param uri what it is called
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
