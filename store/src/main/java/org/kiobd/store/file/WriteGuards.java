package org.kiobd.store.file;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.kiobd.volume.loop.IoLoop;

/**
 * Prevents lost updates when writes share a block, without blocking a thread. A write to a part of a block is a read-modify-write of the
 * block and needs exclusive access to its range; writes of whole blocks exclude only those. Of two conflicting claims the later waits, and
 * so do later claims that conflict with the waiting one. Shared by the ports of all loops; any thread.
 */
final class WriteGuards {
    private final List<Claim> held = new ArrayList<>();
    private final ArrayDeque<Claim> waiting = new ArrayDeque<>();

    /** A range, rounded out to whole blocks, that a mutation holds or waits for. */
    static final class Claim {
        private final long startBytes;
        private final long endBytes;
        private final boolean alone;
        private final IoLoop loop;
        private final Runnable granted;

        /**
         * Creates a claim, which is not held before {@link WriteGuards#take}.
         *
         * @param alone whether the claim excludes all others in its range
         * @param granted runs on {@code loop} when a claim that had to wait is held
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

    /** Takes {@code claim} and returns true, or queues it and returns false; a queued claim runs its callback when it is held. */
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

    /** Releases a held claim, and grants waiting claims that nothing excludes any more. */
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

    /** Returns the number of held and waiting claims; 0 if no mutation is in flight. */
    synchronized int claims() {
        return held.size() + waiting.size();
    }
}
