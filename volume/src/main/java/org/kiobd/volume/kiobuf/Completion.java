package org.kiobd.volume.kiobuf;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import org.kiobd.volume.IoError;
import org.kiobd.volume.loop.IoLoop;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Something that ends once, with success or an {@link IoError}. When it does, its interceptors run, last added first, and each may
 * hold it up ("I am trying again"); then its notifiers, first added first; then {@link #afterNotifiers()}. With one notifier and no
 * interceptor, the common case, nothing is allocated.
 *
 * <p>Threads: {@link #complete} may be called from any thread, once; a second call is a bug that is counted and otherwise ignored.
 * Callbacks run on the owning loop, with no lock held, through its trampoline: they may start new requests and must not block.
 */
public class Completion implements Runnable {
    /** May hold a completion up. */
    @FunctionalInterface
    public interface Interceptor {
        /**
         * The completion is about to run its callbacks.
         *
         * @return true to hold {@code completion}; the interceptor then owes it one {@link Completion#resume}
         */
        boolean intercept(Completion completion, @Nullable IoError error);
    }

    /** Learns that a completion has ended. */
    @FunctionalInterface
    public interface Notifier {
        /**
         * The completion has ended.
         *
         * @param error why it failed, or null for success
         */
        void completed(Completion completion, @Nullable IoError error);
    }

    private static final Logger LOG = LoggerFactory.getLogger(Completion.class);
    private static final LongAdder SECOND_COMPLETIONS = new LongAdder();
    private static final int OPEN = 0;
    private static final int COMPLETED = 1;
    private static final int HELD = 2;
    private static final int NOTIFIED = 3;
    private static final VarHandle STATE;

    static {
        try {
            STATE = MethodHandles.lookup().findVarHandle(Completion.class, "state", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final IoLoop loop;
    private volatile int state = OPEN;
    private @Nullable IoError error;
    private @Nullable Notifier notifier;
    private @Nullable List<Notifier> moreNotifiers;
    private @Nullable ArrayDeque<Interceptor> interceptors;

    /** @param loop where the callbacks run */
    public Completion(IoLoop loop) {
        this.loop = loop;
    }

    /** Makes it as good as new; its callbacks have run, and nobody else has it. */
    final void reopen() {
        state = OPEN;
        error = null;
        notifier = null;
        moreNotifiers = null;
        interceptors = null;
    }

    /** How often a completion was completed a second time since the process began; anything but 0 is a bug. */
    public static long secondCompletions() {
        return SECOND_COMPLETIONS.sum();
    }

    public final IoLoop loop() {
        return loop;
    }

    /** Adds a notifier behind those that are there. On the owning loop, or before the completion is shared; not once it has ended. */
    public final void addNotifier(Notifier added) {
        requireNotNotified();
        if (notifier == null) {
            notifier = added;
            return;
        }
        if (moreNotifiers == null) {
            moreNotifiers = new ArrayList<>(2);
        }
        moreNotifiers.add(added);
    }

    /** Puts an interceptor in front of those that are there; same thread rule as {@link #addNotifier}. */
    public final void addInterceptor(Interceptor added) {
        requireNotNotified();
        if (interceptors == null) {
            interceptors = new ArrayDeque<>(2);
        }
        interceptors.push(added);
    }

    private void requireNotNotified() {
        if (state == NOTIFIED) {
            throw new IllegalStateException("completion has ended already");
        }
    }

    /**
     * Ends this completion.
     *
     * @param newError why it failed, or null for success
     * @return false if it had ended before: this call then did nothing but count the bug
     */
    public final boolean complete(@Nullable IoError newError) {
        if (!STATE.compareAndSet(this, OPEN, COMPLETED)) {
            SECOND_COMPLETIONS.increment();
            return false;
        }
        error = newError;
        dispatch();
        return true;
    }

    /**
     * Lets a held completion go on, on the owning loop or any other thread; from inside the interceptor too.
     *
     * @param newError the outcome from here on, null for success
     * @throws IllegalStateException if it is not held, or was resumed already; that is counted as a second completion
     */
    public final void resume(@Nullable IoError newError) {
        if (!STATE.compareAndSet(this, HELD, COMPLETED)) {
            SECOND_COMPLETIONS.increment();
            throw new IllegalStateException("completion is not held");
        }
        error = newError;
        dispatch();
    }

    private void dispatch() {
        if (loop.inLoop()) {
            loop.trampoline().run(this);
        } else {
            loop.execute(() -> loop.trampoline().run(this));
        }
    }

    /** Whether {@link #complete} was called. */
    public final boolean isCompleted() {
        return state != OPEN;
    }

    /** Why it failed; null for success, and while it has not ended. */
    public final @Nullable IoError error() {
        return error;
    }

    /** Runs the callbacks; called by the trampoline only. */
    @Override
    public final void run() {
        while (interceptors != null && !interceptors.isEmpty()) {
            if (isHeldBy(interceptors.pop())) {
                return;
            }
        }
        state = NOTIFIED;
        try {
            if (notifier != null) {
                tell(notifier);
            }
            if (moreNotifiers != null) {
                moreNotifiers.forEach(this::tell);
            }
        } finally {
            afterNotifiers();
        }
    }

    private boolean isHeldBy(Interceptor interceptor) {
        // Before the interceptor runs: it may resume, here or on another thread, before it has returned.
        state = HELD;
        try {
            if (interceptor.intercept(this, error)) {
                return true;
            }
        } catch (RuntimeException | AssertionError e) {
            LOG.error("an interceptor threw; the completion fails and goes on", e);
            error = error == null ? IoError.IO : error;
        }
        if (!STATE.compareAndSet(this, HELD, COMPLETED)) {
            // Resumed, yet not held: the resumption is on its way and goes on from here.
            SECOND_COMPLETIONS.increment();
            return true;
        }
        return false;
    }

    /** A notifier that throws is a bug of its own; those behind it belong to others and run all the same. */
    private void tell(Notifier notified) {
        try {
            notified.completed(this, error);
        } catch (RuntimeException | AssertionError e) {
            LOG.error("a completion notifier threw; the others run", e);
        }
    }

    /** The last act, once, on the owning loop: references are dropped here. */
    protected void afterNotifiers() {}
}
