package org.kiobd.nbd;

import org.kiobd.volume.BlockDevice;
import org.kiobd.volume.kiobuf.KiobufPool;
import org.kiobd.volume.kiobuf.Op;
import org.kiobd.volume.loop.IoLoop;
import org.kiobd.volume.queue.MergeLimits;
import org.kiobd.volume.queue.RequestQueue;

/**
 * The part of an export on one loop: the queue that all its connections on the loop share, their kiobufs, and the latencies of their
 * requests. Owned by its export.
 */
public final class ExportLoop {
    private final RequestQueue queue;
    private final KiobufPool kiobufs;
    private final Latencies latencies = new Latencies();

    ExportLoop(BlockDevice device, IoLoop loop, MergeLimits limits) {
        this.queue = new RequestQueue(device, loop, limits);
        this.kiobufs = new KiobufPool(loop);
    }

    public RequestQueue queue() {
        return queue;
    }

    /** Returns the pool from which the requests are taken. */
    public KiobufPool kiobufs() {
        return kiobufs;
    }

    /** Records how long a request took. */
    public void took(Op op, long nanos) {
        latencies.record(op, nanos);
    }

    Latencies latencies() {
        return latencies;
    }
}
