package org.kiobd.volume;

import java.util.List;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.kiobd.volume.kiobuf.KiobufChain;
import org.kiobd.volume.kiobuf.Payload;
import org.kiobd.volume.loop.IoLoop;

/**
 * Base class of wrappers around a device: forwards every call to the wrapped device. A wrapper overrides the methods it changes, so no
 * device needs a flag for such a change. Owns the wrapped device and closes it. Threads: as in {@link BlockDevice}.
 */
public abstract class ForwardingBlockDevice implements BlockDevice {
    private final BlockDevice beneath;

    protected ForwardingBlockDevice(BlockDevice beneath) {
        this.beneath = beneath;
    }

    /** Returns the wrapped device. */
    protected final BlockDevice beneath() {
        return beneath;
    }

    @Override
    public DeviceInfo info() {
        return beneath.info();
    }

    @Override
    public int memoryAlignmentBytes() {
        return beneath.memoryAlignmentBytes();
    }

    @Override
    public Payload.Form preferredPayload() {
        return beneath.preferredPayload();
    }

    @Override
    public long sizeBytes() {
        return beneath.sizeBytes();
    }

    @Override
    public void submit(KiobufChain chain) {
        beneath.submit(chain);
    }

    @Override
    public boolean hasRoom(KiobufChain chain) {
        return beneath.hasRoom(chain);
    }

    @Override
    public void onRoom(IoLoop loop, Runnable listener) {
        beneath.onRoom(loop, listener);
    }

    @Override
    public void unplug(IoLoop loop) {
        beneath.unplug(loop);
    }

    @Override
    public CompletionStage<List<Extent>> extents(IoLoop loop, ByteRange range, int maxExtents) {
        return beneath.extents(loop, range, maxExtents);
    }

    @Override
    public MemberRun memberRun(long offsetBytes) {
        return beneath.memberRun(offsetBytes);
    }

    @Override
    public CompletionStage<@Nullable Void> freeze() {
        return beneath.freeze();
    }

    @Override
    public void thaw() {
        beneath.thaw();
    }

    @Override
    public DeviceCounters counters() {
        return beneath.counters();
    }

    @Override
    public void close() throws BlockIoException {
        beneath.close();
    }
}
