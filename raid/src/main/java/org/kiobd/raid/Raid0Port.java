package org.kiobd.raid;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.kiobd.raid.layout.ExtentFold;
import org.kiobd.raid.layout.StripeLayout;
import org.kiobd.raid.layout.StripeSplitter;
import org.kiobd.store.MemberOp;
import org.kiobd.store.MemberOpPool;
import org.kiobd.store.MemberPort;
import org.kiobd.store.MemberStore;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.ByteRange;
import org.kiobd.volume.Extent;
import org.kiobd.volume.IoError;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.KiobufChain;
import org.kiobd.volume.kiobuf.Op;
import org.kiobd.volume.loop.IoLoop;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The part of a {@link Raid0Device} that belongs to one event loop: splits chains, issues member operations, and ends the slices of the
 * originals when the operations end. Confined to its event loop, except for the counters.
 */
final class Raid0Port {
    private static final Logger LOG = LoggerFactory.getLogger(Raid0Port.class);
    private static final long NANOS_PER_MICRO = 1000;

    private final Raid0Device device;
    private final IoLoop loop;
    private final StripeLayout layout;
    private final MemberOpPool pool = new MemberOpPool();
    private final StripeSplitter splitter;
    private final MemberPort[] members;
    private final int maxInFlightPerMember;
    private final PortCounters counters;

    private final MemberOp.Listener listener = this::memberOpEnded;
    private final ArrayDeque<MemberOp> ready = new ArrayDeque<>();
    private final StripeSplitter.Sink collect = ready::add;
    private final ArrayDeque<KiobufChain> held = new ArrayDeque<>();
    private final int[] inFlight;
    private int totalInFlight;
    private boolean frozen;
    private boolean closed;
    private final List<CompletableFuture<@Nullable Void>> whenIdle = new ArrayList<>();
    /** Requests for extents wait for this future while the port is frozen; it completes at the thaw or at the close of the port. */
    private CompletableFuture<@Nullable Void> whenThawed = new CompletableFuture<>();

    private @Nullable Runnable roomListener;
    private boolean roomWanted;

    Raid0Port(Raid0Device device, IoLoop loop, List<MemberStore> stores, int maxInFlightPerMember) {
        this.device = device;
        this.loop = loop;
        this.layout = device.layout();
        this.splitter = new StripeSplitter(layout, pool);
        this.maxInFlightPerMember = maxInFlightPerMember;
        this.members = new MemberPort[stores.size()];
        for (int i = 0; i < members.length; i++) {
            members[i] = stores.get(i).port(loop);
        }
        this.inFlight = new int[members.length];
        this.counters = new PortCounters(members.length);
    }

    PortCounters counters() {
        return counters;
    }

    IoLoop loop() {
        return loop;
    }

    void onRoom(Runnable newListener) {
        roomListener = newListener;
    }

    /**
     * Returns whether the port is not frozen and no member that {@code chain} touches is at its limit; otherwise remembers to call the room
     * listener.
     */
    boolean hasRoom(KiobufChain chain) {
        boolean room = !frozen && (chain.op() == Op.FLUSH || membersHaveRoom(chain));
        if (!room) {
            roomWanted = true;
        }
        return room;
    }

    /**
     * Asks each member for the extents of its part of the range, which is contiguous on the member. Like a request, it counts as in flight
     * and waits while the port is frozen: otherwise a member could be closed meanwhile, and its descriptor could belong to another file.
     */
    CompletionStage<List<Extent>> extents(ByteRange range, int maxExtents) {
        if (closed) {
            return CompletableFuture.failedFuture(
                    new BlockIoException(IoError.IO, "device=" + device.info().name() + " is closed"));
        }
        if (frozen) {
            return whenThawed.thenCompose(thawed -> extents(range, maxExtents));
        }
        CompletableFuture<List<Extent>> answer = askMembers(range, maxExtents);
        totalInFlight++;
        return answer.whenComplete((extents, failure) -> {
            totalInFlight--;
            announceIdle();
        });
    }

    private CompletableFuture<List<Extent>> askMembers(ByteRange range, int maxExtents) {
        List<CompletableFuture<List<Extent>>> answers = new ArrayList<>();
        for (int i = 0; i < members.length; i++) {
            long startBytes = layout.below(i, range.offsetBytes());
            long lengthBytes = layout.below(i, range.endBytes()) - startBytes;
            answers.add(
                    lengthBytes == 0
                            ? CompletableFuture.completedFuture(List.of())
                            : members[i]
                                    .extents(new ByteRange(startBytes, lengthBytes), maxExtents)
                                    .toCompletableFuture());
        }
        return CompletableFuture.allOf(answers.toArray(CompletableFuture[]::new))
                .thenApply(all -> {
                    List<List<Extent>> told =
                            answers.stream().map(CompletableFuture::join).toList();
                    return new ExtentFold(layout, range, maxExtents, told).extents();
                });
    }

    private boolean membersHaveRoom(KiobufChain chain) {
        long firstChunk = layout.chunk(chain.offsetBytes());
        long lastChunk = layout.chunk(Math.max(chain.offsetBytes(), chain.endBytes() - 1));
        long chunks = Math.min(lastChunk - firstChunk + 1, members.length);
        for (long i = 0; i < chunks; i++) {
            if (inFlight[layout.memberOfChunk(firstChunk + i)] >= maxInFlightPerMember) {
                return false;
            }
        }
        return true;
    }

    /**
     * Starts a chain that is within the device and permitted, holds it while the port is frozen, or fails it after the close. Takes the
     * chain.
     */
    void submit(KiobufChain chain) {
        if (closed) {
            chain.completeAll(IoError.IO);
        } else if (frozen) {
            held.add(chain);
        } else {
            start(chain);
        }
    }

    private void start(KiobufChain chain) {
        int originals = chain.originals();
        PortCounters.add(counters.requests, originals);
        PortCounters.add(counters.chains, 1);
        switch (chain.op()) {
            case READ -> PortCounters.add(counters.readBytes, chain.lengthBytes());
            case WRITE -> PortCounters.add(counters.writtenBytes, chain.lengthBytes());
            case FLUSH, TRIM, WRITE_ZEROES, CACHE -> {}
        }
        splitter.split(chain, listener, collect);
        MemberOp op = ready.poll();
        while (op != null) {
            issue(op);
            op = ready.poll();
        }
        // Originals may complete only from here on: the pending count of the submitter kept all of them alive, so that
        // the chain could still be traversed.
        Kiobuf original = chain.head();
        while (original != null) {
            Kiobuf next = original.next();
            original.submitted();
            original = next;
        }
    }

    private void issue(MemberOp op) {
        int member = op.member();
        inFlight[member]++;
        totalInFlight++;
        PortCounters.add(counters.memberOps, 1);
        PortCounters.add(counters.ops, member, 1);
        counters.inFlight.lazySet(member, inFlight[member]);
        PortCounters.max(counters.maxInFlight, member, inFlight[member]);
        op.started(System.nanoTime());
        try {
            members[member].submit(op);
        } catch (RuntimeException e) {
            LOG.error(
                    "device={} member={}: the store threw instead of ending the operation",
                    device.info().name(),
                    member,
                    e);
            if (!op.isEnded()) {
                op.complete(0, IoError.IO);
            }
        }
    }

    void unplug() {
        pool.recycle();
        for (MemberPort member : members) {
            member.unplug();
        }
    }

    private void memberOpEnded(MemberOp op) {
        int member = op.member();
        inFlight[member]--;
        totalInFlight--;
        counters.inFlight.lazySet(member, inFlight[member]);
        PortCounters.max(counters.maxAgeMicros, member, (System.nanoTime() - op.startedNanos()) / NANOS_PER_MICRO);
        IoError error = op.error();
        if (error != null) {
            PortCounters.add(counters.errors, member, 1);
            memberOpFailed(op, error);
        } else if (isSync(op) && device.syncHasFailed() && op.original(0).failure() == null) {
            // This sync was in flight when another one failed. The kernel reports lost pages only once, so this success
            // proves nothing.
            chargeAll(op, 0, IoError.IO);
        } else {
            endOriginals(op);
            pool.giveBack(op);
        }
        if (roomWanted && inFlight[member] < maxInFlightPerMember && !frozen) {
            announceRoom();
        }
        announceIdle();
    }

    private void announceIdle() {
        if (totalInFlight == 0 && !whenIdle.isEmpty()) {
            List<CompletableFuture<@Nullable Void>> idle = List.copyOf(whenIdle);
            whenIdle.clear();
            idle.forEach(one -> one.complete(null));
        }
    }

    private void announceRoom() {
        roomWanted = false;
        if (roomListener != null) {
            loop.trampoline().run(roomListener);
        }
    }

    private static boolean isSync(MemberOp op) {
        return op.op() == Op.FLUSH || op.has(Kiobuf.FUA);
    }

    private static void endOriginals(MemberOp op) {
        int entries = op.entries();
        for (int i = 0; i < entries; i++) {
            if (i + 1 == entries || op.original(i + 1) != op.original(i)) {
                op.original(i).endSlice();
            }
        }
    }

    /**
     * Charges a failure to exactly the affected originals. The bytes before the failure are good. If the operation has several originals,
     * the rest is sent again once, each original as its own operation, because the member reported where it stopped, not which other bytes
     * are bad; reads and writes may be repeated. A sync must not be repeated: the kernel drops dirty pages when a sync fails, and the next
     * sync would succeed without them.
     */
    private void memberOpFailed(MemberOp op, IoError error) {
        if (LOG.isWarnEnabled()) {
            LOG.warn(
                    "device={} member={} {}: {} after {} bytes",
                    device.info().name(),
                    op.member(),
                    op,
                    error,
                    op.doneBytes());
        }
        boolean syncFailed = isSync(op) && op.doneBytes() == op.lengthBytes();
        if (syncFailed) {
            device.syncFailed(op.member(), error);
            chargeAll(op, 0, error);
            return;
        }
        // A store that reports an error although all bytes are done, and not for a sync, contradicts itself: no byte
        // counts as good.
        long doneBytes = op.doneBytes() < op.lengthBytes() ? op.doneBytes() : 0;
        boolean single = op.original(0) == op.original(op.entries() - 1);
        if (single) {
            chargeAll(op, doneBytes, error);
        } else {
            sendAgain(op, doneBytes);
        }
    }

    private void sendAgain(MemberOp op, long doneBytes) {
        List<MemberOp> again = new ArrayList<>();
        int first = 0;
        long startBytes = 0;
        while (first < op.entries()) {
            int end = first;
            long endBytes = startBytes;
            while (end < op.entries() && op.original(end) == op.original(first)) {
                endBytes += op.entryLengthBytes(end++);
            }
            if (endBytes <= doneBytes) {
                op.original(first).endSlice();
            } else {
                again.add(op.part(first, end, Math.max(0, doneBytes - startBytes)));
            }
            first = end;
            startBytes = endBytes;
        }
        PortCounters.add(counters.reissuedOps, again.size());
        // Keeps the port from looking idle when the first operation ends before the others are issued.
        totalInFlight++;
        again.forEach(this::issue);
        totalInFlight--;
        members[op.member()].unplug();
    }

    /**
     * Ends the slices of all originals of an operation. Each original fails at its first byte on this member that is not below {@code
     * doneBytes}.
     */
    private void chargeAll(MemberOp op, long doneBytes, IoError error) {
        int entries = op.entries();
        long startBytes = 0;
        boolean charged = false;
        for (int i = 0; i < entries; i++) {
            Kiobuf original = op.original(i);
            boolean lastOfOriginal = i + 1 == entries || op.original(i + 1) != original;
            long endBytes = startBytes + op.entryLengthBytes(i);
            if (!charged && (endBytes > doneBytes || lastOfOriginal)) {
                charge(original, failedAtBytes(op, original, Math.max(doneBytes, startBytes)), error);
                charged = true;
            }
            if (lastOfOriginal) {
                original.endSlice();
                charged = false;
            }
            startBytes = endBytes;
        }
    }

    /**
     * Returns the offset in {@code original} of byte {@code atBytes} of the operation; an entry of a range operation skips the chunks of
     * other members.
     */
    private long failedAtBytes(MemberOp op, Kiobuf original, long atBytes) {
        return op.op() == Op.FLUSH
                ? 0
                : layout.deviceOffsetBytes(op.member(), op.offsetBytes() + atBytes) - original.offsetBytes();
    }

    private void charge(Kiobuf original, long atBytes, IoError error) {
        if (original.failure() == null) {
            PortCounters.add(counters.failedRequests, 1);
        }
        original.charge(atBytes, error);
    }

    /** Holds new chains back; {@code idle} completes when nothing is in flight in this port. */
    void freeze(CompletableFuture<@Nullable Void> idle) {
        if (!frozen) {
            frozen = true;
            whenThawed = new CompletableFuture<>();
        }
        whenIdle.add(idle);
        announceIdle();
    }

    void thaw() {
        frozen = false;
        KiobufChain chain = held.poll();
        while (chain != null) {
            // Submits through the device, because a sync may have failed since.
            device.submit(chain);
            chain = held.poll();
        }
        whenThawed.complete(null);
        unplug();
        announceRoom();
    }

    /** Closes the port; called on the event loop, when the port is idle. Held chains, and all chains submitted later, fail. */
    void close() {
        closed = true;
        KiobufChain chain = held.poll();
        while (chain != null) {
            chain.completeAll(IoError.IO);
            chain = held.poll();
        }
        whenThawed.complete(null);
        for (MemberPort member : members) {
            member.close();
        }
    }
}
