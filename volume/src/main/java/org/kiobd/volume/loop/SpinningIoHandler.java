package org.kiobd.volume.loop;

import io.netty.channel.IoHandle;
import io.netty.channel.IoHandler;
import io.netty.channel.IoHandlerContext;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.IoRegistration;
import io.netty.util.concurrent.ThreadAwareExecutor;
import java.util.function.BiConsumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Busy-polls for events for a short time before it sleeps, because waking a thread takes longer than a client that has its reply needs to
 * send the next request. Polls only while that pays off: if the last sleep was short, and no client is known to be busy ({@link
 * #expectLull}). Yields the processor between polls. Confined to its loop, except {@link #wakeup}.
 */
final class SpinningIoHandler implements IoHandler {
    private final IoHandler handler;
    private final long spinNanos;
    private final LongSupplier clock;
    private final Looking looking = new Looking();
    private boolean pays;
    private boolean lull;

    /**
     * Takes {@code handler}.
     *
     * @param spinNanos maximum duration of a busy-poll; a sleep shorter than this counts as short
     * @param clock time source like {@link System#nanoTime}
     */
    SpinningIoHandler(IoHandler handler, long spinNanos, LongSupplier clock) {
        this.handler = handler;
        this.spinNanos = spinNanos;
        this.clock = clock;
    }

    /**
     * Returns a factory that wraps the handlers of {@code factory} so that they busy-poll; returns {@code factory} itself if {@code
     * spinNanos} is 0.
     *
     * @param made receives each new handler with the executor that owns it
     */
    static IoHandlerFactory around(
            IoHandlerFactory factory, long spinNanos, BiConsumer<ThreadAwareExecutor, SpinningIoHandler> made) {
        if (spinNanos == 0) {
            return factory;
        }
        return executor -> {
            SpinningIoHandler handler =
                    new SpinningIoHandler(factory.newHandler(executor), spinNanos, System::nanoTime);
            made.accept(executor, handler);
            return handler;
        };
    }

    /** Makes the next sleep begin without a busy-poll: the next request will not come soon enough for polling to be cheaper. */
    void expectLull() {
        lull = true;
    }

    /** Returns whether {@link #expectLull} was called since this handler last had nothing to do. */
    boolean expectsLull() {
        return lull;
    }

    /** The loop's context, changed so that the wrapped handler never sleeps. */
    private static final class Looking implements IoHandlerContext {
        private @Nullable IoHandlerContext context;

        @Override
        public boolean canBlock() {
            return false;
        }

        @Override
        public long delayNanos(long nowNanos) {
            return 0;
        }

        @Override
        public long deadlineNanos() {
            return context == null ? -1 : context.deadlineNanos();
        }
    }

    @Override
    public int run(IoHandlerContext context) {
        if (!context.canBlock()) {
            return handler.run(context);
        }
        boolean looks = pays && !lull;
        lull = false;
        if (looks) {
            int events = look(context);
            if (events > 0 || !context.canBlock()) {
                return events;
            }
        }
        long startNanos = clock.getAsLong();
        int events = handler.run(context);
        pays = clock.getAsLong() - startNanos < spinNanos;
        return events;
    }

    @SuppressWarnings("ThreadPriorityCheck") // yields on purpose: a client on the same processor comes first
    private int look(IoHandlerContext context) {
        looking.context = context;
        long startNanos = clock.getAsLong();
        while (context.canBlock() && clock.getAsLong() - startNanos < spinNanos) {
            int events = handler.run(looking);
            if (events > 0) {
                return events;
            }
            Thread.yield();
        }
        return 0;
    }

    @Override
    public void initialize() {
        handler.initialize();
    }

    @Override
    public void prepareToDestroy() {
        handler.prepareToDestroy();
    }

    @Override
    public void destroy() {
        handler.destroy();
    }

    @Override
    public IoRegistration register(IoHandle handle) throws Exception {
        return handler.register(handle);
    }

    @Override
    public void wakeup() {
        handler.wakeup();
    }

    @Override
    public boolean isCompatible(Class<? extends IoHandle> handleType) {
        return handler.isCompatible(handleType);
    }
}
