package org.kiobd.volume.kiobuf;

import java.util.ArrayDeque;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The pipes of one {@link PagePool}, which owns them. Pipes are few and reused, because no limit of this process counts their kernel
 * memory. If no pipe is available, requests use memory instead. Thread-safe.
 */
public final class Pipes {
    /** Maximum number of pipes: enough for the loops of a busy server. Together they hold at most as many MiB. */
    static final int MAX = 32;

    private static final Logger LOG = LoggerFactory.getLogger(Pipes.class);

    /** Counts the pipes in use of all pools of this process, for the leak check of the tests. */
    private static final AtomicInteger ALL_IN_USE = new AtomicInteger();

    private final ArrayDeque<Pipe> free = new ArrayDeque<>();
    private int inUse;
    private boolean unavailable;
    private boolean closed;

    Pipes() {}

    /** Returns an empty pipe, owned, which {@link #giveBack} takes back; null if none is available. */
    synchronized @Nullable Pipe take() {
        if (closed || unavailable || inUse == MAX) {
            return null;
        }
        Pipe taken = free.poll();
        if (taken == null) {
            taken = open();
        }
        if (taken != null) {
            inUse++;
            ALL_IN_USE.incrementAndGet();
        }
        return taken;
    }

    private @Nullable Pipe open() {
        try {
            return Pipe.open();
        } catch (RuntimeException | LinkageError e) {
            unavailable = true;
            LOG.warn("no native calls: payloads are copied: {}", e.toString());
            return null;
        }
    }

    /** Takes a pipe back. Closes it if it still holds bytes, or if this pool is closed. */
    synchronized void giveBack(Pipe pipe) {
        inUse--;
        ALL_IN_USE.decrementAndGet();
        if (pipe.heldBytes() == 0 && !closed) {
            free.push(pipe);
        } else {
            pipe.close();
        }
    }

    /** Closes the free pipes, and each pipe in use when it is given back. */
    synchronized void close() {
        closed = true;
        free.forEach(Pipe::close);
        free.clear();
    }

    /** Returns the number of free pipes that are kept open. */
    synchronized int free() {
        return free.size();
    }

    /** Returns the number of pipes in use, of all pools of this process; 0 at rest. */
    public static int inUse() {
        return ALL_IN_USE.get();
    }
}
