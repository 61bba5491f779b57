package org.kiobd.it.bench;

import java.util.ArrayDeque;
import org.kiobd.volume.loop.IoLoop;
import org.kiobd.volume.loop.Trampoline;

/**
 * An event loop without sockets, which its user turns: the requests accepted between two turns are like those of one wake-up. It must be
 * closed before the devices that use it, because they submit their last tasks and wait for them, and a closed loop runs tasks at once.
 * Used by one thread; a device may have only one such loop.
 */
final class TurnedLoop implements IoLoop, AutoCloseable {
    private final Trampoline trampoline = new Trampoline();
    private final ArrayDeque<Runnable> tasks = new ArrayDeque<>();
    private boolean closed;

    /** Runs the waiting tasks, and the tasks that these submit. */
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

    /** Runs the waiting tasks. Tasks that are submitted afterwards run at once, because nobody turns the loop any more. */
    @Override
    public void close() {
        turn();
        closed = true;
    }
}
