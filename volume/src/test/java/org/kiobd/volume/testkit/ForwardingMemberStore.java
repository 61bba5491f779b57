package org.kiobd.volume.testkit;

import java.util.List;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.ByteRange;
import org.kiobd.volume.Extent;
import org.kiobd.volume.loop.IoLoop;
import org.kiobd.volume.store.MemberCapabilities;
import org.kiobd.volume.store.MemberOp;
import org.kiobd.volume.store.MemberPort;
import org.kiobd.volume.store.MemberStore;
import org.kiobd.volume.store.MemberUri;

/** A member over another member: control calls go through, {@link #submit} decides what happens to operations. Owns the one beneath. */
abstract class ForwardingMemberStore implements MemberStore {
    private final MemberStore beneath;

    ForwardingMemberStore(MemberStore beneath) {
        this.beneath = beneath;
    }

    /** What becomes of an operation; on {@code loop}. */
    abstract void submit(MemberOp op, IoLoop loop, MemberPort to);

    /** What becomes of a question; on {@code loop}. */
    CompletionStage<List<Extent>> extents(ByteRange range, int maxExtents, IoLoop loop, MemberPort to) {
        return to.extents(range, maxExtents);
    }

    /** The end of a batch on {@code loop}. */
    void unplug(IoLoop loop, MemberPort to) {
        to.unplug();
    }

    @Override
    public MemberUri uri() {
        return beneath.uri();
    }

    @Override
    public MemberCapabilities capabilities() {
        return beneath.capabilities();
    }

    @Override
    public long sizeBytes() {
        return beneath.sizeBytes();
    }

    @Override
    public boolean isReadOnly() {
        return beneath.isReadOnly();
    }

    @Override
    public MemberPort port(IoLoop loop) {
        MemberPort to = beneath.port(loop);
        return new MemberPort() {
            @Override
            public void submit(MemberOp op) {
                ForwardingMemberStore.this.submit(op, loop, to);
            }

            @Override
            public CompletionStage<List<Extent>> extents(ByteRange range, int maxExtents) {
                return ForwardingMemberStore.this.extents(range, maxExtents, loop, to);
            }

            @Override
            public void unplug() {
                ForwardingMemberStore.this.unplug(loop, to);
            }

            @Override
            public void close() {
                to.close();
            }
        };
    }

    @Override
    public byte @Nullable [] readSuperblock(int copy) throws BlockIoException {
        return beneath.readSuperblock(copy);
    }

    @Override
    public void writeSuperblock(int copy, byte[] bytes) throws BlockIoException {
        beneath.writeSuperblock(copy, bytes);
    }

    @Override
    public void resize(long newSizeBytes) throws BlockIoException {
        beneath.resize(newSizeBytes);
    }

    @Override
    public long allocatedBytes() throws BlockIoException {
        return beneath.allocatedBytes();
    }

    @Override
    public long submittedOps() {
        return beneath.submittedOps();
    }

    @Override
    public void close() throws BlockIoException {
        beneath.close();
    }
}
