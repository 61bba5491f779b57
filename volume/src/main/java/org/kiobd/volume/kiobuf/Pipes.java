package org.kiobd.volume.kiobuf;

import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The pipes of this process: few, used again and again, for each takes kernel memory that no limit of ours counts. Where none is left, or
 * none can be had, requests use memory as they always could. Any thread.
 */
public final class Pipes {
    /** So many that the loops of a busy server need not wait for them; together they hold as many MiB. */
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

    /** An empty one; null if there is none to be had. {@link #giveBack} takes it. */
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

    /** What is still in it is thrown away. */
    static synchronized void giveBack(Pipe pipe) {
        inUse--;
        if (pipe.heldBytes() == 0) {
            FREE.push(pipe);
        } else {
            pipe.close();
        }
    }

    /** How many hold payload now; 0 at rest. */
    public static synchronized int inUse() {
        return inUse;
    }
}
