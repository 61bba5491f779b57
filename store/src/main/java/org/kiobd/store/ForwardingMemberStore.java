package org.kiobd.store;

import java.util.List;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.ByteRange;
import org.kiobd.volume.Extent;
import org.kiobd.volume.IoError;
import org.kiobd.volume.loop.IoLoop;

/**
 * A member that wraps another one. It forwards all control calls except {@link #copyTo}, because a copy would not match this member's
 * URI; {@link #submit} decides what happens to operations. Owns the wrapped member and closes it. Threads: as in {@link MemberStore} and
 * {@link MemberPort}.
 */
public abstract class ForwardingMemberStore implements MemberStore {
    private final MemberStore beneath;

    protected ForwardingMemberStore(MemberStore beneath) {
        this.beneath = beneath;
    }

    /** Ends {@code op}, now or later, or submits it to {@code to}, the wrapped port; on {@code loop}. */
    protected abstract void submit(MemberOp op, IoLoop loop, MemberPort to);

    /** Returns the extents of {@code range}, by default from {@code to}, the wrapped port; on {@code loop}. */
    protected CompletionStage<List<Extent>> extents(ByteRange range, int maxExtents, IoLoop loop, MemberPort to) {
        return to.extents(range, maxExtents);
    }

    /** Ends a batch, by default by unplugging {@code to}, the wrapped port; on {@code loop}. */
    protected void unplug(IoLoop loop, MemberPort to) {
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
    public CacheMode cacheMode() {
        return beneath.cacheMode();
    }

    @Override
    public StoreFigures figures() {
        return beneath.figures();
    }

    @Override
    public boolean isSyncFailureFinal(IoError error) {
        return beneath.isSyncFailureFinal(error);
    }

    @Override
    public boolean hasFailedSync() {
        return beneath.hasFailedSync();
    }

    @Override
    public void close() throws BlockIoException {
        beneath.close();
    }
}
