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
 * Looks for events a little while before it sleeps for them: to be woken takes longer than a client that waits for its reply takes to
 * send the next request. Only while that pays: after a sleep that was short, and not again after looking in vain; and not where nobody
 * waits ({@link #expectLull}). It gives way to whoever else wants the processor. Confined to its loop, but for {@link #wakeup}.
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
     * @param spinNanos how long it looks at most; a sleep that is shorter was short
     * @param clock as {@link System#nanoTime}
     */
    SpinningIoHandler(IoHandler handler, long spinNanos, LongSupplier clock) {
        this.handler = handler;
        this.spinNanos = spinNanos;
        this.clock = clock;
    }

    /**
     * Makes handlers that look before what {@code factory}'s do; {@code factory}'s own for 0.
     *
     * @param made is told each handler, and whose it is
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

    /** The next time it sleeps at once: who was served last will not ask again so soon that looking is cheaper. */
    void expectLull() {
        lull = true;
    }

    /** Whether it was told so since it last had nothing to do. */
    boolean expectsLull() {
        return lull;
    }

    /** The loop's own, but that nobody sleeps with it. */
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

    @SuppressWarnings("ThreadPriorityCheck") // a yield is what is meant: a client on the same processor comes first
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
