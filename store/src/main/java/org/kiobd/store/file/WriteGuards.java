package org.kiobd.store.file;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.kiobd.volume.loop.IoLoop;

/**
 * Keeps writes to one block from losing each other's bytes, without a thread that waits. Who writes a part of a block reads it, patches it
 * and writes it whole, and must be alone in its range meanwhile; who writes whole blocks need only keep those out. Of two that do not
 * agree the later waits, and so does what comes behind it in the same range. Shared by the ports of all loops; any thread.
 */
final class WriteGuards {
    private final List<Claim> held = new ArrayList<>();
    private final ArrayDeque<Claim> waiting = new ArrayDeque<>();

    /** A range, rounded out to whole blocks, that somebody changes or wants to. */
    static final class Claim {
        private final long startBytes;
        private final long endBytes;
        private final boolean alone;
        private final IoLoop loop;
        private final Runnable granted;

        /**
         * A claim that is still to be taken.
         *
         * @param alone whether the range may be shared with nobody
         * @param granted runs on {@code loop} if it had to wait and waits no longer
         */
        Claim(long startBytes, long endBytes, boolean alone, IoLoop loop, Runnable granted) {
            this.startBytes = startBytes;
            this.endBytes = endBytes;
            this.alone = alone;
            this.loop = loop;
            this.granted = granted;
        }

        private boolean excludes(Claim other) {
            return (alone || other.alone) && startBytes < other.endBytes && other.startBytes < endBytes;
        }
    }

    /** True if {@code claim} is held from now on; else it waits, and is told when it is. */
    synchronized boolean take(Claim claim) {
        if (isExcluded(claim, held) || isExcluded(claim, waiting)) {
            waiting.add(claim);
            return false;
        }
        held.add(claim);
        return true;
    }

    private static boolean isExcluded(Claim claim, Iterable<Claim> others) {
        for (Claim other : others) {
            if (claim.excludes(other)) {
                return true;
            }
        }
        return false;
    }

    /** Gives a held claim up; those that waited for it alone go on. */
    void release(Claim claim) {
        List<Claim> granted;
        synchronized (this) {
            held.remove(claim);
            if (waiting.isEmpty()) {
                return;
            }
            granted = grant();
        }
        granted.forEach(one -> one.loop.execute(one.granted));
    }

    private List<Claim> grant() {
        List<Claim> granted = new ArrayList<>();
        List<Claim> stillWaiting = new ArrayList<>();
        for (Iterator<Claim> claims = waiting.iterator(); claims.hasNext(); ) {
            Claim claim = claims.next();
            if (isExcluded(claim, held) || isExcluded(claim, stillWaiting)) {
                stillWaiting.add(claim);
            } else {
                claims.remove();
                held.add(claim);
                granted.add(claim);
            }
        }
        return granted;
    }

    /** Claims held or waiting; 0 at rest. */
    synchronized int claims() {
        return held.size() + waiting.size();
    }
}
