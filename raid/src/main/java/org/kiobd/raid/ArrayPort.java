package org.kiobd.raid;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.kiobd.store.MemberOp;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.ByteRange;
import org.kiobd.volume.Extent;
import org.kiobd.volume.IoError;
import org.kiobd.volume.kiobuf.Completion;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.KiobufChain;
import org.kiobd.volume.kiobuf.Op;
import org.kiobd.volume.loop.IoLoop;

/**
 * The part of an {@link ArrayDevice} that belongs to one event loop, whatever the layout: starts chains or holds them back, and ends the
 * slices of the originals when the operations of the members end. Confined to its event loop, except for the counters.
 */
final class ArrayPort {
    private final ArrayDevice device;
    private final IoLoop loop;
    private final MemberIssuer issuer;
    private final ErrorAttribution errors;
    private final ChainMapper mapper;
    private final PortCounters counters;

    private final MemberOp.Listener listener = this::memberOpEnded;
    private final ArrayDeque<KiobufChain> held = new ArrayDeque<>();
    private final List<Completion> whenIdle = new ArrayList<>();
    /** Requests for extents wait for this future while the port is frozen; it completes at the thaw or at the close of the port. */
    private CompletableFuture<@Nullable Void> whenThawed = new CompletableFuture<>();

    private Gate gate = Gate.OPEN;
    private @Nullable Runnable roomListener;
    private boolean roomWanted;

    /** What happens to new requests. */
    private enum Gate {
        /** They start. */
        OPEN,
        /** They are held back. */
        FROZEN,
        /** They fail. */
        CLOSED
    }

    ArrayPort(ArrayDevice device, IoLoop loop, int maxInFlightPerMember) {
        this.device = device;
        this.loop = loop;
        this.issuer = new MemberIssuer(device.info().name(), loop, device.members(), maxInFlightPerMember);
        this.errors = new ErrorAttribution(device, issuer);
        this.mapper = device.personality().mapper(issuer, errors);
        this.counters = issuer.counters();
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
     * Returns whether the port is open and no member that {@code chain} needs is at its limit; otherwise remembers to call the room
     * listener.
     */
    boolean hasRoom(KiobufChain chain) {
        boolean room = gate == Gate.OPEN && (chain.op() == Op.FLUSH || mapper.hasRoom(chain));
        if (!room) {
            roomWanted = true;
        }
        return room;
    }

    /**
     * Asks the members for extents. Like a request, this counts as in flight and waits while the port is frozen: otherwise a member could be
     * closed meanwhile, and its descriptor could belong to another file.
     */
    CompletionStage<List<Extent>> extents(ByteRange range, int maxExtents) {
        return switch (gate) {
            case CLOSED ->
                CompletableFuture.failedFuture(new BlockIoException(
                        IoError.IO, "device=" + device.info().name() + " is closed"));
            case FROZEN -> whenThawed.thenCompose(thawed -> extents(range, maxExtents));
            case OPEN -> {
                CompletableFuture<List<Extent>> answer = mapper.extents(range, maxExtents);
                issuer.begin();
                yield answer.whenComplete((extents, failure) -> {
                    issuer.end();
                    announceIdle();
                });
            }
        };
    }

    /**
     * Starts a chain that is within the device and permitted, holds it while the port is frozen, or fails it after the close. Takes the
     * chain.
     */
    void submit(KiobufChain chain) {
        if (gate == Gate.OPEN) {
            start(chain);
        } else if (gate == Gate.FROZEN) {
            held.add(chain);
        } else {
            chain.completeAll(IoError.IO);
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
        mapper.map(chain, listener);
        issuer.issuePrepared();
        // Originals may complete only from here on: the pending count of the submitter kept all of them alive, so that
        // the chain could still be traversed.
        Kiobuf original = chain.head();
        while (original != null) {
            Kiobuf next = original.next();
            original.submitted();
            original = next;
        }
    }

    void unplug() {
        issuer.unplug();
    }

    private void memberOpEnded(MemberOp op) {
        issuer.ended(op);
        IoError error = op.error();
        if (error != null) {
            mapper.memberOpFailed(op, error);
        } else if (ErrorAttribution.isSync(op)
                && !device.state().acceptsWrites()
                && op.original(0).failure() == null) {
            // This sync was in flight when another one failed. The kernel reports lost pages only once, so this success
            // proves nothing.
            errors.chargeAll(op, 0, IoError.IO);
        } else {
            op.endSlices();
            issuer.pool().giveBack(op);
        }
        if (roomWanted && issuer.hasRoom(op.member()) && gate == Gate.OPEN) {
            announceRoom();
        }
        announceIdle();
    }

    private void announceIdle() {
        if (issuer.isIdle() && !whenIdle.isEmpty()) {
            List<Completion> idle = List.copyOf(whenIdle);
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

    /** Holds new chains back; {@code idle} completes when nothing is in flight in this port. */
    void freeze(Completion idle) {
        if (gate == Gate.OPEN) {
            gate = Gate.FROZEN;
            whenThawed = new CompletableFuture<>();
        }
        whenIdle.add(idle);
        announceIdle();
    }

    /** Starts the chains that were held back; does nothing if the port has been closed meanwhile. */
    void thaw() {
        if (gate != Gate.FROZEN) {
            return;
        }
        gate = Gate.OPEN;
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
        gate = Gate.CLOSED;
        KiobufChain chain = held.poll();
        while (chain != null) {
            chain.completeAll(IoError.IO);
            chain = held.poll();
        }
        whenThawed.complete(null);
        issuer.close();
    }
}
