package org.kiobd.it.bench;

import java.util.ArrayDeque;
import org.kiobd.volume.loop.IoLoop;
import org.kiobd.volume.loop.Trampoline;

/**
 * An event loop without a socket, turned by the thread that uses it: what is accepted between two turns is what one wake-up would have
 * brought. Closed before the devices that use it: they give it their last tasks and wait for them. One thread; a device may have one such
 * loop.
 */
final class TurnedLoop implements IoLoop, AutoCloseable {
    private final Trampoline trampoline = new Trampoline();
    private final ArrayDeque<Runnable> tasks = new ArrayDeque<>();
    private boolean closed;

    /** Runs what waits, and what comes of it. */
    void turn() {
        Runnable task = tasks.poll();
        while (task != null) {
            task.run();
            task = tasks.poll();
        }
    }

    @Override
    public int index() {
        return 0;
    }

    @Override
    public boolean inLoop() {
        return true;
    }

    @Override
    public Trampoline trampoline() {
        return trampoline;
    }

    @Override
    public void execute(Runnable task) {
        if (closed) {
            task.run();
        } else {
            tasks.add(task);
        }
    }

    @Override
    public void schedule(Runnable task, long delayNanos) {
        throw new UnsupportedOperationException("this loop knows no time");
    }

    /** It is not turned any more: what it is given from here on runs at once. */
    @Override
    public void close() {
        turn();
        closed = true;
    }
}
