package org.kiobd.volume.kiobuf;

import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The pool of the pipes of this process. Pipes are few and reused, because no limit of this process counts their kernel memory. If no pipe
 * is available, requests use memory instead. Thread-safe.
 */
public final class Pipes {
    /** Maximum number of pipes: enough for the loops of a busy server. Together they hold at most as many MiB. */
    static final int MAX = 32;

    private static final Logger LOG = LoggerFactory.getLogger(Pipes.class);
    private static final ArrayDeque<Pipe> FREE = new ArrayDeque<>();
    private static int inUse;
    private static final boolean AVAILABLE = isHere();

    private Pipes() {}

    private static boolean isHere() {
        try {
            Pipe first = Pipe.open();
            if (first != null) {
                FREE.push(first);
            }
            return first != null;
        } catch (RuntimeException | LinkageError e) {
            LOG.warn("no native calls: payloads are copied: {}", e.toString());
            return false;
        }
    }

    /** Returns an empty pipe, owned, which {@link #giveBack} takes back; null if none is available. */
    static synchronized @Nullable Pipe take() {
        if (!AVAILABLE || inUse == MAX) {
            return null;
        }
        Pipe free = FREE.poll();
        Pipe taken = free != null ? free : Pipe.open();
        if (taken != null) {
            inUse++;
        }
        return taken;
    }

    /** Takes a pipe back. Closes it if it still holds bytes. */
    static synchronized void giveBack(Pipe pipe) {
        inUse--;
        if (pipe.heldBytes() == 0) {
            FREE.push(pipe);
        } else {
            pipe.close();
        }
    }

    /** Returns the number of pipes in use; 0 at rest. */
    public static synchronized int inUse() {
        return inUse;
    }
}
