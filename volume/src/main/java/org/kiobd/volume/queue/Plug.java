package org.kiobd.volume.queue;

import org.kiobd.volume.loop.IoLoop;

/**
 * The plug of a {@link RequestQueue}: requests collect until the plug is pulled, once after all events of the current loop iteration or
 * after a delay, or earlier when the plug is full. Confined to its loop.
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
     * @param capacity number of requests at which the plug is pulled at once
     * @param delayNanos time from the first request to the pull; 0 if the plug is pulled at the end of the loop iteration
     * @param pull issues the collected requests
     */
    Plug(IoLoop loop, int capacity, long delayNanos, Runnable pull) {
        this.loop = loop;
        this.capacity = capacity;
        this.delayNanos = delayNanos;
        this.pull = pull;
    }

    /** Counts a collected request, and pulls the plug at once or later. */
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
                // A task runs after the events of this iteration: by then every readable socket has plugged in its
                // requests.
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
