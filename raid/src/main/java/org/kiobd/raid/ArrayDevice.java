package org.kiobd.raid;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.kiobd.store.MemberCapability;
import org.kiobd.store.MemberStore;
import org.kiobd.store.format.VolumeManifest;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.ByteRange;
import org.kiobd.volume.DeviceCounters;
import org.kiobd.volume.DeviceInfo;
import org.kiobd.volume.Extent;
import org.kiobd.volume.IoError;
import org.kiobd.volume.MemberRun;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.KiobufChain;
import org.kiobd.volume.kiobuf.Op;
import org.kiobd.volume.kiobuf.Payload;
import org.kiobd.volume.loop.IoLoop;

/**
 * A volume over members, according to the contract of {@link org.kiobd.volume.BlockDevice}; its {@link Personality} knows the layout. Each
 * event loop gets its own {@link ArrayPort} at its first request; the loops share only the open stores of the members, the current size,
 * the {@link ArrayState} and the freeze.
 *
 * <p>The caller that opened it through {@link ArrayAssembler} owns it. Control methods may block; never call them on an event loop.
 */
final class ArrayDevice implements Volume {
    private static final int CLOSE_TIMEOUT_S = 60;

    private final DeviceInfo info;
    private final Personality personality;
    private final List<MemberStore> members;
    private final ArrayMetadata metadata;
    private final boolean promisesFastZero;
    private final int memoryAlignmentBytes;
    private final Payload.Form preferredPayload;
    private final ArrayStatus status;
    private final ArrayPorts ports;

    /** Held by the control methods that may wait for a disk. No event loop ever takes it. */
    private final Object controlLock = new Object();

    private volatile long sizeBytes;

    /** Takes {@code members}. */
    ArrayDevice(
            DeviceInfo info,
            Personality personality,
            List<MemberStore> members,
            ArrayMetadata metadata,
            int maxInFlightPerMember) {
        this.info = info;
        this.personality = personality;
        this.members = List.copyOf(members);
        this.metadata = metadata;
        // A single member itself refuses a FAST_ZERO that it cannot do. With several members, some would already have
        // zeroed their part.
        this.promisesFastZero = members.size() == 1 || allHave(members, MemberCapability.FAST_ZERO);
        this.preferredPayload = personality.preferredPayload(
                allHave(members, MemberCapability.PAGE_CACHE) ? Payload.Form.PIPES : Payload.Form.MEMORY);
        this.memoryAlignmentBytes = members.stream()
                .mapToInt(member -> member.capabilities().memoryAlignmentBytes())
                .max()
                .orElse(1);
        this.sizeBytes = metadata.manifest().sizeBytes();
        this.status = new ArrayStatus(info.name());
        this.ports = new ArrayPorts(this, maxInFlightPerMember);
    }

    private static boolean allHave(List<MemberStore> members, MemberCapability capability) {
        return members.stream().allMatch(member -> member.capabilities().has(capability));
    }

    @Override
    public DeviceInfo info() {
        return info;
    }

    @Override
    public ArrayState state() {
        return status.state();
    }

    @Override
    public int memoryAlignmentBytes() {
        return memoryAlignmentBytes;
    }

    @Override
    public Payload.Form preferredPayload() {
        return preferredPayload;
    }

    @Override
    public long sizeBytes() {
        return sizeBytes;
    }

    @Override
    public List<MemberStore> members() {
        return members;
    }

    @Override
    public VolumeManifest manifest() {
        return metadata.manifest();
    }

    Personality personality() {
        return personality;
    }

    @Override
    public void submit(KiobufChain chain) {
        if (!ByteRange.fits(chain.offsetBytes(), chain.lengthBytes(), sizeBytes) && chain.op() != Op.FLUSH) {
            refuseOutside(chain);
        } else if (chain.lengthBytes() == 0 && chain.op() != Op.FLUSH) {
            chain.completeAll(null);
        } else if (info.readOnly() && chain.op().mutates()) {
            chain.completeAll(IoError.NOT_PERMITTED);
        } else if (!promisesFastZero && (chain.flags() & Kiobuf.FAST_ZERO) != 0) {
            chain.completeAll(IoError.NOT_SUPPORTED);
        } else if (!state().acceptsWrites() && (chain.op().mutates() || chain.op() == Op.FLUSH)) {
            chain.completeAll(IoError.IO);
        } else {
            ports.of(chain.loop()).submit(chain);
        }
    }

    /** Refuses only the originals that reach beyond the end of the device, and submits the other originals of the chain. */
    private void refuseOutside(KiobufChain chain) {
        Kiobuf original = chain.head();
        while (original != null) {
            Kiobuf next = original.next();
            KiobufChain alone = KiobufChain.of(original.unlinked());
            if (ByteRange.fits(alone.offsetBytes(), alone.lengthBytes(), sizeBytes)) {
                submit(alone);
            } else {
                alone.completeAll(IoError.INVALID);
            }
            original = next;
        }
    }

    @Override
    public boolean hasRoom(KiobufChain chain) {
        // A request that submit refuses at once needs no room, and its offsets may be outside the layout.
        return !ByteRange.fits(chain.offsetBytes(), chain.lengthBytes(), sizeBytes)
                || ports.of(chain.loop()).hasRoom(chain);
    }

    @Override
    public void onRoom(IoLoop loop, Runnable listener) {
        ports.of(loop).onRoom(listener);
    }

    @Override
    public void unplug(IoLoop loop) {
        ports.of(loop).unplug();
    }

    @Override
    public CompletionStage<List<Extent>> extents(IoLoop loop, ByteRange range, int maxExtents) {
        return ports.of(loop).extents(range, maxExtents);
    }

    @Override
    public MemberRun memberRun(long offsetBytes) {
        return personality.memberRun(offsetBytes);
    }

    void syncFailed(int member, IoError error) {
        status.syncFailed(member, members.get(member), error);
    }

    @Override
    public CompletionStage<@Nullable Void> freeze() {
        return ports.freeze();
    }

    @Override
    public void thaw() {
        ports.thaw();
    }

    @Override
    public void grow(long newSizeBytes) throws BlockIoException {
        synchronized (controlLock) {
            try {
                metadata.grow(members, personality, newSizeBytes);
            } finally {
                sizeBytes = metadata.manifest().sizeBytes();
            }
        }
    }

    @Override
    public DeviceCounters counters() {
        return PortCounters.sum(ports.counters(), members.size());
    }

    /**
     * Waits for the requests in flight, then closes the members, each of which syncs its data. Blocks; never call it on an event loop that
     * uses the device.
     *
     * @throws BlockIoException the first failure; every member is closed nevertheless
     */
    @Override
    public void close() throws BlockIoException {
        synchronized (controlLock) {
            if (state() == ArrayState.CLOSED) {
                return;
            }
            BlockIoException unfinished = await(ports.freeze());
            boolean wasGood = status.closed().acceptsWrites();
            if (unfinished == null) {
                unfinished = await(ports.close());
            }
            boolean clean = unfinished == null && wasGood && members.stream().noneMatch(MemberStore::hasFailedSync);
            metadata.close(members, clean);
            if (unfinished != null) {
                throw unfinished;
            }
        }
    }

    /** Waits for a step of the close; returns why it did not finish, or null. */
    private @Nullable BlockIoException await(CompletableFuture<@Nullable Void> step) {
        try {
            step.get(CLOSE_TIMEOUT_S, TimeUnit.SECONDS);
            return null;
        } catch (InterruptedException e) {
            // Members are closed all the same: nobody else would.
            Thread.currentThread().interrupt();
            return new BlockIoException(
                    IoError.IO, "device=" + info.name() + ": interrupted while closing; it is not marked clean", e);
        } catch (ExecutionException | TimeoutException e) {
            return new BlockIoException(
                    IoError.IO,
                    "device=" + info.name() + ": requests did not finish within " + CLOSE_TIMEOUT_S
                            + " s; it was closed all the same, and is not marked clean",
                    e);
        }
    }
}
