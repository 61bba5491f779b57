package org.kiobd.it.bench;

import org.jspecify.annotations.Nullable;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.loop.IoLoop;
import org.kiobd.volume.store.MemberCapabilities;
import org.kiobd.volume.store.MemberOp;
import org.kiobd.volume.store.MemberPort;
import org.kiobd.volume.store.MemberStore;
import org.kiobd.volume.store.MemberUri;

/**
 * A member over another member: control calls go through, a {@link Rig} decides what happens to operations. Owns the one beneath.
 *
 * @param uri what it is called
 * @param store the one beneath
 */
public record RiggedStore(MemberUri uri, Rig rig, MemberStore store) implements MemberStore {
    /** What becomes of an operation of a member; called on the loop. */
    @FunctionalInterface
    public interface Rig {
        /** Ends {@code op}, now or later, or hands it to {@code to}. */
        void submit(MemberOp op, IoLoop loop, MemberPort to);
    }

    @Override
    public MemberCapabilities capabilities() {
        return store.capabilities();
    }

    @Override
    public long sizeBytes() {
        return store.sizeBytes();
    }

    @Override
    public boolean isReadOnly() {
        return store.isReadOnly();
    }

    @Override
    public MemberPort port(IoLoop loop) {
        MemberPort to = store.port(loop);
        return new MemberPort() {
            @Override
            public void submit(MemberOp op) {
                rig.submit(op, loop, to);
            }

            @Override
            public void unplug() {
                to.unplug();
            }

            @Override
            public void close() {
                to.close();
            }
        };
    }

    @Override
    public byte @Nullable [] readSuperblock(int copy) throws BlockIoException {
        return store.readSuperblock(copy);
    }

    @Override
    public void writeSuperblock(int copy, byte[] bytes) throws BlockIoException {
        store.writeSuperblock(copy, bytes);
    }

    @Override
    public void resize(long newSizeBytes) throws BlockIoException {
        store.resize(newSizeBytes);
    }

    @Override
    public long allocatedBytes() throws BlockIoException {
        return store.allocatedBytes();
    }

    @Override
    public void close() throws BlockIoException {
        store.close();
    }
}
