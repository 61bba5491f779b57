package org.kiobd.volume.loop;

import java.util.concurrent.Executor;

/**
 * An event loop, for code that does not depend on Netty. It is a single thread that owns connections, their plug and their requests from
 * the first byte to the last. Because only this thread uses them, they need no lock.
 */
public interface IoLoop extends Executor {

    /** Returns a small number, unique in the process and dense from 0, for use as an array index of per-loop state. */
    int index();

    /** Returns whether the caller runs on this loop. */
    boolean inLoop();

    /** Returns the trampoline that runs the callbacks of this loop's completions. */
    Trampoline trampoline();

    /** Runs {@code task} on this loop after the events of the current iteration. Any thread; tasks of one thread run in order. */
    @Override
    void execute(Runnable task);

    /** Runs {@code task} on this loop after {@code delayNanos} or somewhat later. Called on the loop only. */
    void schedule(Runnable task, long delayNanos);

    /**
     * Hints that the client is busy with the replies it gets now: the loop need not busy-poll before its next sleep. Called on the loop
     * only.
     */
    default void expectLull() {}
}
