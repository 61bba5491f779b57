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
 * The queue of the requests for one device on one event loop; all connections of the loop to that device share it. A plug collects the
 * requests of one loop iteration, and the {@link MergeWindow} joins neighbors. When the plug is pulled, the queue issues chains to the
 * device in order of arrival, as far as members have room. Chains that must wait stay in the window and go on merging.
 *
 * <p>FLUSH: requests that arrive after a FLUSH never merge with requests that arrived before it. A FLUSH covers the mutations that were
 * completed before it arrived, so it does not wait for the window. While a FLUSH is in flight, further ones collect and are then issued
 * together, as in Linux.
 *
 * <p>Confined to its loop.
 */
public final class RequestQueue {
    private final BlockDevice device;
    private final IoLoop loop;
    private final MergeWindow window;
    private final Plug plug;
    private final MergeWindow.ChainConsumer issueIfRoom = new IssueIfRoom();

    private boolean draining;
    private boolean drainAgain;
    private @Nullable KiobufChain nextFlush;
    private boolean flushUnderWay;

    /** Creates the single queue of {@code device} on {@code loop}. Called on the loop. */
    public RequestQueue(BlockDevice device, IoLoop loop, MergeLimits limits) {
        this.device = device;
        this.loop = loop;
        this.window = new MergeWindow(limits);
        this.plug = new Plug(loop, limits.plugRequests(), limits.plugDelayNanos(), this::issue);
        device.onRoom(loop, this::issue);
    }

    /**
     * Adds a request to the plug. Takes the request, which completes in every case. It can start when the plug is pulled: at the end of
     * this loop iteration or after the plug delay, or earlier if the plug is full.
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

    /** Issues waiting chains that have room. A nested call, from a completion, only requests another pass. */
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

    private final class IssueIfRoom implements MergeWindow.ChainConsumer {
        @Override
        public boolean wants(KiobufChain chain) {
            return device.hasRoom(chain) && requestersAreThere(chain);
        }

        @Override
        public void take(KiobufChain chain) {
            device.submit(chain);
        }
    }

    /**
     * Returns whether the requesters of a mutating chain are still there. If a client went away while its mutation waited, it may meanwhile
     * have written newer data over another connection.
     */
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

    /** Issues waiting chains after a {@link Requester} that was in doubt has turned out to be there. */
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

    /**
     * Ends the unissued requests of {@code owner} with {@link IoError#DROPPED}: the client is gone and may send them again over another
     * connection. Issued later, the old requests could overwrite newer data. Requests already issued finish.
     *
     * @return number of dropped requests
     */
    public int dropUnissued(Object owner) {
        List<Kiobuf> dropped = new ArrayList<>();
        List<Kiobuf> kept = new ArrayList<>();
        window.drain(new MergeWindow.ChainConsumer() {
            @Override
            public boolean wants(KiobufChain chain) {
                return concerns(chain, owner);
            }

            @Override
            public void take(KiobufChain chain) {
                sort(chain, owner, kept, dropped);
            }
        });
        // Each request becomes a closed chain: it is unknown whether a FLUSH arrived after it, so nothing may join it.
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
            // The remaining requests of these chains may have waited only for this owner, so issue them now.
            // If chains are being issued already,
            // this call only requests another pass.
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
