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
 * An operation that ends once, with success or an {@link IoError}. When it ends, its interceptors run, last added first, and each may
 * hold the completion, e.g. to try the operation again; then its notifiers run, first added first; then {@link #afterNotifiers()}. In the
 * common case (one notifier, no interceptor, completed on the loop) this class allocates nothing.
 *
 * <p>Threads: {@link #complete} may be called from any thread, once; a second call is a bug that is counted and otherwise ignored.
 * Callbacks run on the owning loop, with no lock held, through its trampoline: they may start new requests and must not block.
 */
public class Completion implements Runnable {
    /** Can hold a completion before its notifiers run. */
    @FunctionalInterface
    public interface Interceptor {
        /**
         * Called before the notifiers of the completion run.
         *
         * @return true to hold {@code completion}; the interceptor must then call {@link Completion#resume} once
         */
        boolean intercept(Completion completion, @Nullable IoError error);
    }

    /** Receives the end of a completion. */
    @FunctionalInterface
    public interface Notifier {
        /**
         * Called when the completion has ended.
         *
         * @param error reason of the failure, or null for success
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

    /** @param loop the owning loop, on which the callbacks run */
    public Completion(IoLoop loop) {
        this.loop = loop;
    }

    /** Resets this completion for reuse. Its callbacks have run, and nobody else refers to it. */
    final void reopen() {
        state = OPEN;
        error = null;
        notifier = null;
        moreNotifiers = null;
        interceptors = null;
    }

    /** Returns how often a completion of this process was completed a second time; a value other than 0 shows a bug. */
    public static long secondCompletions() {
        return SECOND_COMPLETIONS.sum();
    }

    public final IoLoop loop() {
        return loop;
    }

    /**
     * Adds a notifier that runs after the present ones. Called on the owning loop or before the completion is shared, and not after the
     * completion has ended.
     */
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

    /** Adds an interceptor that runs before the present ones; same thread rule as {@link #addNotifier}. */
    public final void addInterceptor(Interceptor added) {
        requireNotNotified();
        if (interceptors == null) {
            interceptors = new ArrayDeque<>(2);
        }
        interceptors.push(added);
    }

    /** Returns the interceptor of class {@code type} that was added last and has not run; null if there is none. Same thread rule. */
    public final <T extends Interceptor> @Nullable T interceptor(Class<T> type) {
        if (interceptors != null) {
            for (Interceptor one : interceptors) {
                if (type.isInstance(one)) {
                    return type.cast(one);
                }
            }
        }
        return null;
    }

    private void requireNotNotified() {
        if (state == NOTIFIED) {
            throw new IllegalStateException("completion has ended already");
        }
    }

    /**
     * Ends this completion.
     *
     * @param newError reason of the failure, or null for success
     * @return false if the completion had ended before: this call then only counts the bug
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
     * Resumes a held completion. May be called from any thread, and also from inside the interceptor.
     *
     * @param newError the new outcome, null for success
     * @throws IllegalStateException if the completion is not held or was already resumed; this counts as a second completion
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

    /** Returns whether {@link #complete} was called. */
    public final boolean isCompleted() {
        return state != OPEN;
    }

    /** Returns the reason of the failure; null for success, and while the completion has not ended. */
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
        // Set before the interceptor runs, because the interceptor may resume before it returns, here or on another
        // thread.
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
            // The interceptor resumed the completion although it did not hold it: the dispatched resumption runs the
            // rest.
            SECOND_COMPLETIONS.increment();
            return true;
        }
        return false;
    }

    /** Calls a notifier. One that throws has a bug; the notifiers after it belong to other components and must run nevertheless. */
    private void tell(Notifier notified) {
        try {
            notified.completed(this, error);
        } catch (RuntimeException | AssertionError e) {
            LOG.error("a completion notifier threw; the others run", e);
        }
    }

    /** Called once on the owning loop after all notifiers have run, e.g. to drop references. */
    protected void afterNotifiers() {}
}
