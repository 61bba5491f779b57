package org.kiobd.volume.loop;

import java.util.concurrent.Executor;

/**
 * One event loop as the rooms without Netty see it: a single thread that owns connections, their plug and their requests from first
 * byte to last. Because it is single, nothing it owns needs a lock.
 */
public interface IoLoop extends Executor {

    /** A small number, unique in the process, dense from 0: an array index for per-loop state. */
    int index();

    /** Whether the caller runs on this loop. */
    boolean inLoop();

    /** Where completions of this loop's requests run their callbacks. */
    Trampoline trampoline();

    /** Runs {@code task} on this loop, behind the events of the current iteration; from any thread, in order per thread. */
    @Override
    void execute(Runnable task);

    /** Runs {@code task} on this loop when {@code delayNanos} have passed, or somewhat later; on the loop only. */
    void schedule(Runnable task, long delayNanos);

    /**
     * Who was served just now has its hands full with that: this loop need not look out for more before it sleeps the next time. On the
     * loop only.
     */
    default void expectLull() {}
}
