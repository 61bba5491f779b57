package org.kiobd.nbd;

import java.util.concurrent.atomic.AtomicLong;
import org.kiobd.volume.BlockDevice;
import org.kiobd.volume.kiobuf.Op;
import org.kiobd.volume.loop.IoLoop;
import org.kiobd.volume.queue.MergeLimits;
import org.kiobd.volume.queue.RequestQueue;

/**
 * What one export is on one loop: the queue that all its connections of the loop share, and its counters. Written on its loop only;
 * the counters may be read anywhere.
 */
public final class ExportLoop {
    private final RequestQueue queue;
    private final AtomicLong requests = new AtomicLong();
    private final AtomicLong readBytes = new AtomicLong();
    private final AtomicLong writtenBytes = new AtomicLong();
    private final AtomicLong errors = new AtomicLong();
    private final Latencies latencies = new Latencies();

    ExportLoop(BlockDevice device, IoLoop loop, MergeLimits limits) {
        this.queue = new RequestQueue(device, loop, limits);
    }

    public RequestQueue queue() {
        return queue;
    }

    /** Counts a batch of requests that came in. */
    public void received(int count) {
        add(requests, count);
    }

    /** Counts a READ that was answered. */
    public void read(long bytes) {
        add(readBytes, bytes);
    }

    /** Counts a WRITE that was answered. */
    public void written(long bytes) {
        add(writtenBytes, bytes);
    }

    /** Notes how long a request took. */
    public void took(Op op, long nanos) {
        latencies.record(op, nanos);
    }

    Latencies latencies() {
        return latencies;
    }

    /** Counts an answer that was an error. */
    public void failed() {
        add(errors, 1);
    }

    /** One writer: no need for the price of an atomic addition. */
    private static void add(AtomicLong counter, long amount) {
        counter.setRelease(counter.getPlain() + amount);
    }

    ExportFigures addTo(ExportFigures sum) {
        return new ExportFigures(
                sum.connections(),
                sum.connectionsTotal(),
                sum.requests() + requests.get(),
                sum.readBytes() + readBytes.get(),
                sum.writtenBytes() + writtenBytes.get(),
                sum.errors() + errors.get());
    }
}
