package org.kiobd.volume.kiobuf;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.kiobd.volume.IoError;
import org.kiobd.volume.loop.IoLoop;

/**
 * A completion composed of other completions, its parts. One variant ends when ALL parts have ended, with the first error in the order
 * in which the parts were added. The other ends when ANY part has succeeded, with an error only if every part failed. Parts may end while
 * others are still being added: the compound does not end before {@link #arm()}. A freeze of an array waits for ALL of its loops. The requests of
 * one loop need no compound: a {@link Kiobuf} counts its slices, which costs less.
 *
 * <p>Threads: one thread adds the parts and calls {@link #arm()}; the parts may belong to any loops.
 */
public final class CompoundCompletion extends Completion {
    private static final int NO_PART = Integer.MAX_VALUE;

    private final boolean all;
    private final AtomicInteger pending = new AtomicInteger(1);
    private final AtomicBoolean ended = new AtomicBoolean();
    private final Object errorLock = new Object();
    private int firstFailedPart = NO_PART;
    private @Nullable IoError firstError;
    private volatile boolean anySucceeded;
    private volatile boolean armed;
    private int parts;

    private CompoundCompletion(IoLoop loop, boolean all) {
        super(loop);
        this.all = all;
    }

    /** Returns a completion that ends when every part has ended; without parts, as soon as it is armed. */
    public static CompoundCompletion allOf(IoLoop loop) {
        return new CompoundCompletion(loop, true);
    }

    /** Returns a completion that ends when a part succeeds or every part has failed; without parts it succeeds as soon as it is armed. */
    public static CompoundCompletion anyOf(IoLoop loop) {
        return new CompoundCompletion(loop, false);
    }

    /** Adds a part. Called on the part's loop, or before the part is shared. */
    public CompoundCompletion add(Completion part) {
        if (armed) {
            throw new IllegalStateException("compound completion is armed: no part may follow");
        }
        int index = parts;
        // Throws if the part has ended already; then the compound must not wait for it. The part cannot end before it
        // is
        // counted, because this is its loop or nobody else has it yet.
        part.addNotifier((completed, error) -> partEnded(index, error));
        parts++;
        pending.incrementAndGet();
        return this;
    }

    /** Declares that no part will follow: drops the guard that kept early parts from ending the compound. */
    public void arm() {
        if (armed) {
            throw new IllegalStateException("compound completion is armed already");
        }
        armed = true;
        if (!all && anySucceeded) {
            end(null);
        }
        dropOne();
    }

    private void partEnded(int index, @Nullable IoError error) {
        if (error == null) {
            anySucceeded = true;
            if (!all && armed) {
                end(null);
            }
        } else {
            synchronized (errorLock) {
                if (index < firstFailedPart) {
                    firstFailedPart = index;
                    firstError = error;
                }
            }
        }
        dropOne();
    }

    private void dropOne() {
        if (pending.decrementAndGet() > 0) {
            return;
        }
        IoError outcome;
        synchronized (errorLock) {
            outcome = !all && anySucceeded ? null : firstError;
        }
        end(outcome);
    }

    private void end(@Nullable IoError outcome) {
        if (ended.compareAndSet(false, true)) {
            complete(outcome);
        }
    }
}
