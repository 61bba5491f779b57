package org.kiobd.volume.kiobuf;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.kiobd.volume.IoError;
import org.kiobd.volume.loop.IoLoop;

/**
 * Ends when ALL of its parts have ended, with the first error in the order the parts were added; or when ANY of them has succeeded,
 * with an error only if every one failed. Parts may end while others are still being added: nothing happens before {@link #arm()}.
 *
 * <p>Threads: parts are added and {@link #arm()} is called by one thread; the parts may belong to any loops.
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

    /** Ends when every part has; with no part, as soon as it is armed. */
    public static CompoundCompletion allOf(IoLoop loop) {
        return new CompoundCompletion(loop, true);
    }

    /** Ends at the first success, or when every part has failed; with no part it succeeds as soon as it is armed. */
    public static CompoundCompletion anyOf(IoLoop loop) {
        return new CompoundCompletion(loop, false);
    }

    /** Makes {@code part} one of the parts. On the part's loop, or before the part is shared. */
    public CompoundCompletion add(Completion part) {
        if (armed) {
            throw new IllegalStateException("compound completion is armed: no part may follow");
        }
        int index = parts++;
        pending.incrementAndGet();
        try {
            part.addNotifier((completed, error) -> partEnded(index, error));
        } catch (IllegalStateException e) {
            // It had ended: the caller is told, and the whole must not wait for it.
            dropOne();
            throw e;
        }
        return this;
    }

    /** No part will follow: drops the guard that kept early parts from ending the whole. */
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
