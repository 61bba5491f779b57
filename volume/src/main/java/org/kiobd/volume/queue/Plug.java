package org.kiobd.volume.queue;

import org.kiobd.volume.loop.IoLoop;

/**
 * The stopper of a {@link RequestQueue}: while it is in, requests collect; it is pulled once, behind all the events of the current loop
 * iteration or after a delay, or early when it is full. Confined to its loop.
 */
final class Plug {
    private final IoLoop loop;
    private final int capacity;
    private final long delayNanos;
    private final Runnable pull;
    private final Runnable end = this::end;
    private int requests;
    private boolean scheduled;

    /**
     * @param capacity requests after which it is pulled at once
     * @param delayNanos from the first request to the pull; 0: what this iteration brings
     * @param pull issues what was collected
     */
    Plug(IoLoop loop, int capacity, long delayNanos, Runnable pull) {
        this.loop = loop;
        this.capacity = capacity;
        this.delayNanos = delayNanos;
        this.pull = pull;
    }

    /** One more request was collected. */
    void added() {
        requests++;
        if (requests >= capacity) {
            requests = 0;
            pull.run();
        } else if (!scheduled) {
            scheduled = true;
            if (delayNanos > 0) {
                loop.schedule(end, delayNanos);
            } else {
                // A task runs behind the events of this iteration: every socket that had something has plugged it in
                // by then.
                loop.execute(end);
            }
        }
    }

    private void end() {
        scheduled = false;
        requests = 0;
        pull.run();
    }
}
