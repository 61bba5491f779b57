package org.kiobd.raid;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.kiobd.raid.layout.StripeLayout;
import org.kiobd.store.MemberStore;
import org.kiobd.store.format.VolumeManifest;
import org.kiobd.volume.BlockDevice;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.ByteRange;
import org.kiobd.volume.DeviceCounters;
import org.kiobd.volume.DeviceCounters.MemberCounters;
import org.kiobd.volume.DeviceInfo;
import org.kiobd.volume.Extent;
import org.kiobd.volume.IoError;
import org.kiobd.volume.MemberRun;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.KiobufChain;
import org.kiobd.volume.kiobuf.Op;
import org.kiobd.volume.kiobuf.Payload;
import org.kiobd.volume.loop.IoLoop;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A volume striped over its members (RAID0), according to the contract of {@link BlockDevice}. Each event loop gets its own {@link
 * Raid0Port} at its first request; the loops share only the open stores of the members, the current size and the freeze.
 *
 * <p>The caller that opened it through {@link ArrayAssembler} owns it. Control methods may block; never call them on an event loop.
 */
final class Raid0Device implements Volume {
    private static final Logger LOG = LoggerFactory.getLogger(Raid0Device.class);

    /** The maximum number of event loops; a loop with a higher index is refused. */
    private static final int MAX_LOOPS = 1024;

    private static final int CLOSE_TIMEOUT_S = 60;

    private final DeviceInfo info;
    private final StripeLayout layout;
    private final List<MemberStore> members;
    private final ArrayMetadata metadata;
    private final int maxInFlightPerMember;
    private final boolean promisesFastZero;
    private final int memoryAlignmentBytes;
    private final Payload.Form preferredPayload;

    private final AtomicReferenceArray<@Nullable Raid0Port> ports = new AtomicReferenceArray<>(MAX_LOOPS);
    private final Object controlLock = new Object();
    private final Object growLock = new Object();
    private final List<Raid0Port> allPorts = new ArrayList<>();
    private int freezes;
    private CompletableFuture<@Nullable Void> frozen = new CompletableFuture<>();
    private boolean closed;

    private volatile long sizeBytes;
    private volatile boolean syncHasFailed;

    Raid0Device(
            DeviceInfo info,
            StripeLayout layout,
            List<MemberStore> members,
            ArrayMetadata metadata,
            int maxInFlightPerMember) {
        this.info = info;
        this.layout = layout;
        this.members = List.copyOf(members);
        this.metadata = metadata;
        this.maxInFlightPerMember = maxInFlightPerMember;
        // A single member itself refuses a FAST_ZERO that it cannot do. With several members, some would already have
        // zeroed their part.
        this.promisesFastZero = members.size() == 1
                || members.stream().allMatch(member -> member.capabilities().fastZero());
        this.preferredPayload =
                members.stream().allMatch(member -> member.capabilities().pageCache())
                        ? Payload.Form.PIPES
                        : Payload.Form.MEMORY;
        this.memoryAlignmentBytes = members.stream()
                .mapToInt(member -> member.capabilities().memoryAlignmentBytes())
                .max()
                .orElse(1);
        this.sizeBytes = metadata.manifest().sizeBytes();
    }

    @Override
    public DeviceInfo info() {
        return info;
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

    /** Returns the layout of the volume over its members. */
    StripeLayout layout() {
        return layout;
    }

    @Override
    public List<MemberStore> members() {
        return members;
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
        } else if (syncHasFailed && (chain.op().mutates() || chain.op() == Op.FLUSH)) {
            chain.completeAll(IoError.IO);
        } else {
            port(chain.loop()).submit(chain);
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
                || port(chain.loop()).hasRoom(chain);
    }

    @Override
    public void onRoom(IoLoop loop, Runnable listener) {
        port(loop).onRoom(listener);
    }

    @Override
    public void unplug(IoLoop loop) {
        port(loop).unplug();
    }

    private Raid0Port port(IoLoop loop) {
        Raid0Port port = ports.get(loop.index());
        return port != null ? port : addPort(loop);
    }

    private Raid0Port addPort(IoLoop loop) {
        synchronized (controlLock) {
            if (closed) {
                throw new IllegalStateException("device=" + info.name() + " is closed");
            }
            Raid0Port port = new Raid0Port(this, loop, members, maxInFlightPerMember);
            if (freezes > 0) {
                port.freeze(new CompletableFuture<>());
            }
            allPorts.add(port);
            ports.set(loop.index(), port);
            return port;
        }
    }

    boolean syncHasFailed() {
        return syncHasFailed;
    }

    /**
     * Handles a failed sync of a member. Unless the member still has the unsynced data, all writes and flushes fail until the device is
     * opened again.
     */
    void syncFailed(int member, IoError error) {
        if (!syncHasFailed && members.get(member).isSyncFailureFinal(error)) {
            syncHasFailed = true;
            LOG.error(
                    "device={} member={}: sync failed; writes and flushes are refused until the volume is opened again, reads go on",
                    info.name(),
                    member);
        }
    }

    @Override
    public CompletionStage<List<Extent>> extents(IoLoop loop, ByteRange range, int maxExtents) {
        return port(loop).extents(range, maxExtents);
    }

    @Override
    public MemberRun memberRun(long offsetBytes) {
        return new MemberRun(layout.member(offsetBytes), layout.runBytes(offsetBytes));
    }

    @Override
    public CompletionStage<@Nullable Void> freeze() {
        synchronized (controlLock) {
            freezes++;
            if (freezes == 1) {
                List<CompletableFuture<@Nullable Void>> idle = new ArrayList<>();
                for (Raid0Port port : allPorts) {
                    CompletableFuture<@Nullable Void> portIdle = new CompletableFuture<>();
                    idle.add(portIdle);
                    port.loop().execute(() -> port.freeze(portIdle));
                }
                frozen = CompletableFuture.allOf(idle.toArray(CompletableFuture[]::new));
            }
            return frozen;
        }
    }

    @Override
    public void thaw() {
        synchronized (controlLock) {
            if (freezes == 0) {
                throw new IllegalStateException("device=" + info.name() + " is not frozen");
            }
            freezes--;
            if (freezes == 0) {
                for (Raid0Port port : allPorts) {
                    port.loop().execute(port::thaw);
                }
            }
        }
    }

    @Override
    public void grow(long newSizeBytes) throws BlockIoException {
        // Does not hold the control lock: the first request of an event loop must not wait for a disk.
        synchronized (growLock) {
            try {
                metadata.grow(members, layout, newSizeBytes);
            } finally {
                sizeBytes = metadata.manifest().sizeBytes();
            }
        }
    }

    @Override
    public VolumeManifest manifest() {
        return metadata.manifest();
    }

    @Override
    public DeviceCounters counters() {
        List<PortCounters> all = new ArrayList<>();
        synchronized (controlLock) {
            allPorts.forEach(port -> all.add(port.counters()));
        }
        List<MemberCounters> perMember = new ArrayList<>();
        for (int i = 0; i < members.size(); i++) {
            perMember.add(new MemberCounters(
                    sum(all, c -> c.ops, i),
                    sum(all, c -> c.inFlight, i),
                    max(all, c -> c.maxInFlight, i),
                    max(all, c -> c.maxAgeMicros, i),
                    sum(all, c -> c.errors, i)));
        }
        return new DeviceCounters(
                sum(all, c -> c.requests),
                sum(all, c -> c.chains),
                sum(all, c -> c.memberOps),
                sum(all, c -> c.reissuedOps),
                sum(all, c -> c.readBytes),
                sum(all, c -> c.writtenBytes),
                sum(all, c -> c.failedRequests),
                perMember);
    }

    private static long sum(List<PortCounters> all, Function<PortCounters, AtomicLong> counter) {
        return all.stream().mapToLong(c -> counter.apply(c).get()).sum();
    }

    private static long sum(List<PortCounters> all, Function<PortCounters, AtomicLongArray> counters, int index) {
        return all.stream().mapToLong(c -> counters.apply(c).get(index)).sum();
    }

    private static long max(List<PortCounters> all, Function<PortCounters, AtomicLongArray> counters, int index) {
        return all.stream().mapToLong(c -> counters.apply(c).get(index)).max().orElse(0);
    }

    /**
     * Waits for the requests in flight, then closes the members, each of which syncs its data. Blocks; never call it on an event loop that
     * uses the device.
     *
     * @throws BlockIoException the first failure; every member is closed nevertheless, except after an interrupt, which leaves the device
     *     open and frozen
     */
    @Override
    public void close() throws BlockIoException {
        synchronized (controlLock) {
            if (closed) {
                return;
            }
        }
        CompletionStage<@Nullable Void> idle = freeze();
        BlockIoException unfinished = null;
        try {
            idle.toCompletableFuture().get(CLOSE_TIMEOUT_S, TimeUnit.SECONDS);
            closePorts();
        } catch (InterruptedException e) {
            // Members are closed all the same: nobody else would.
            Thread.currentThread().interrupt();
            unfinished = new BlockIoException(
                    IoError.IO, "device=" + info.name() + ": interrupted while closing; it is not marked clean", e);
        } catch (ExecutionException | TimeoutException e) {
            unfinished = new BlockIoException(
                    IoError.IO,
                    "device=" + info.name() + ": requests did not finish within " + CLOSE_TIMEOUT_S
                            + " s; it was closed all the same, and is not marked clean",
                    e);
        }
        synchronized (controlLock) {
            closed = true;
        }
        boolean clean = unfinished == null && !syncHasFailed && members.stream().noneMatch(MemberStore::hasFailedSync);
        metadata.close(members, clean);
        if (unfinished != null) {
            throw unfinished;
        }
    }

    private void closePorts() throws InterruptedException, ExecutionException, TimeoutException {
        List<CompletableFuture<@Nullable Void>> closing = new ArrayList<>();
        synchronized (controlLock) {
            for (Raid0Port port : allPorts) {
                CompletableFuture<@Nullable Void> done = new CompletableFuture<>();
                closing.add(done);
                port.loop().execute(() -> {
                    port.close();
                    done.complete(null);
                });
            }
        }
        CompletableFuture.allOf(closing.toArray(CompletableFuture[]::new)).get(CLOSE_TIMEOUT_S, TimeUnit.SECONDS);
    }
}
