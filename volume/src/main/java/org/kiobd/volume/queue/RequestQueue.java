package org.kiobd.volume.queue;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kiobd.volume.BlockDevice;
import org.kiobd.volume.IoError;
import org.kiobd.volume.kiobuf.Completion;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.KiobufChain;
import org.kiobd.volume.kiobuf.Op;
import org.kiobd.volume.loop.IoLoop;

/**
 * Where the requests for one device on one event loop meet: every connection of the loop plugs into the same queue. A plug collects
 * what one iteration of the loop brings, the {@link MergeWindow} joins neighbours, and when the plug is pulled chains go to the device
 * in order of arrival, as far as members have room. What has to wait stays in the window and goes on merging.
 *
 * <p>FLUSH: requests that arrive later never merge with those that came before it. It covers what was completed before it arrived, so
 * it waits for nothing in the window. While one FLUSH is under way the next ones gather and then go together, as in Linux.
 *
 * <p>Confined to its loop.
 */
public final class RequestQueue {
    private final BlockDevice device;
    private final IoLoop loop;
    private final MergeWindow window;
    private final Plug plug;
    private final MergeWindow.Taker issueIfRoom = new IssueIfRoom();

    private boolean draining;
    private boolean drainAgain;
    private @Nullable KiobufChain nextFlush;
    private boolean flushUnderWay;

    /** The one queue of {@code device} on {@code loop}; made on the loop. */
    public RequestQueue(BlockDevice device, IoLoop loop, MergeLimits limits) {
        this.device = device;
        this.loop = loop;
        this.window = new MergeWindow(limits);
        this.plug = new Plug(loop, limits.plugRequests(), limits.plugDelayNanos(), this::issue);
        device.onRoom(loop, this::issue);
    }

    /**
     * Plugs a request in. Takes it: it completes in every case. It starts when the plug is pulled: at the end of this loop iteration,
     * or earlier if the plug is full.
     */
    public void accept(Kiobuf request) {
        if (request.op() == Op.FLUSH) {
            acceptFlush(request);
        } else {
            window.add(request);
        }
        plug.added();
    }

    private void acceptFlush(Kiobuf flush) {
        window.close();
        KiobufChain chain = KiobufChain.of(flush);
        if (nextFlush == null) {
            nextFlush = chain;
        } else {
            nextFlush.join(chain);
        }
    }

    /** Issues waiting chains that have room. Completions that run meanwhile only note that there is more to do. */
    private void issue() {
        if (draining) {
            drainAgain = true;
            return;
        }
        draining = true;
        try {
            do {
                drainAgain = false;
                issueFlush();
                window.drain(issueIfRoom);
                device.unplug(loop);
            } while (drainAgain && hasWaiting());
        } finally {
            draining = false;
        }
    }

    private final class IssueIfRoom implements MergeWindow.Taker {
        @Override
        public boolean wants(KiobufChain chain) {
            return device.hasRoom(chain) && requestersAreThere(chain);
        }

        @Override
        public void take(KiobufChain chain) {
            device.submit(chain);
        }
    }

    /** A mutation that waited while its client went away may be older than what the client has written elsewhere since. */
    private static boolean requestersAreThere(KiobufChain chain) {
        if (!chain.op().mutates()) {
            return true;
        }
        long nowNanos = System.nanoTime();
        Object asked = null;
        for (Kiobuf request = chain.head(); request != null; request = request.next()) {
            Object owner = request.owner();
            if (owner != asked && owner instanceof Requester requester && !requester.isThere(nowNanos)) {
                return false;
            }
            asked = owner;
        }
        return true;
    }

    /** Looks again at what waits: a {@link Requester} that was in doubt has turned out to be there. */
    public void reconsider() {
        issue();
    }

    private void issueFlush() {
        KiobufChain flush = nextFlush;
        if (flush == null || flushUnderWay || !device.hasRoom(flush)) {
            return;
        }
        nextFlush = null;
        flushUnderWay = true;
        flush.tail().addNotifier(this::flushEnded);
        device.submit(flush);
    }

    private void flushEnded(Completion flush, @Nullable IoError error) {
        flushUnderWay = false;
        if (nextFlush != null) {
            issue();
        }
    }

    private boolean hasWaiting() {
        return window.chains() > 0 || nextFlush != null;
    }

    /** Chains that wait for room or for the plug. */
    public int waitingChains() {
        return window.chains() + (nextFlush == null ? 0 : 1);
    }

    /**
     * Ends the requests of {@code owner} that have not been issued with {@link IoError#DROPPED}: their client is gone and may be
     * sending them again elsewhere, where newer ones can overtake them. What has been issued finishes.
     *
     * @return how many were dropped
     */
    public int dropUnissued(Object owner) {
        List<Kiobuf> dropped = new ArrayList<>();
        List<Kiobuf> kept = new ArrayList<>();
        window.drain(new MergeWindow.Taker() {
            @Override
            public boolean wants(KiobufChain chain) {
                return concerns(chain, owner);
            }

            @Override
            public void take(KiobufChain chain) {
                sort(chain, owner, kept, dropped);
            }
        });
        // One by one and closed: whether a FLUSH came after them is not known any more, so nothing may join them.
        for (Kiobuf request : kept) {
            window.addClosed(request.unlinked());
        }
        KiobufChain flush = nextFlush;
        if (flush != null) {
            nextFlush = null;
            List<Kiobuf> keptFlushes = new ArrayList<>();
            sort(flush, owner, keptFlushes, dropped);
            for (Kiobuf request : keptFlushes) {
                acceptFlush(request.unlinked());
            }
        }
        for (Kiobuf request : dropped) {
            KiobufChain.of(request.unlinked()).completeAll(IoError.DROPPED);
        }
        if (hasWaiting()) {
            // What was put back may have waited for nothing but this owner, with whose requests it was in a chain.
            // While chains are
            // issued, it is behind that pass.
            issue();
        }
        return dropped.size();
    }

    private static boolean concerns(KiobufChain chain, Object owner) {
        for (Kiobuf request = chain.head(); request != null; request = request.next()) {
            if (request.owner() == owner) {
                return true;
            }
        }
        return false;
    }

    private static void sort(KiobufChain chain, Object owner, List<Kiobuf> kept, List<Kiobuf> dropped) {
        for (Kiobuf request = chain.head(); request != null; request = request.next()) {
            (request.owner() == owner ? dropped : kept).add(request);
        }
    }
}
