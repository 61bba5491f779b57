package org.kiobd.volume.loop;

import io.netty.channel.EventLoop;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** An {@link IoLoop} on a Netty event loop. Any thread, as the interface says. */
public final class NettyIoLoop implements IoLoop {
    private static final AtomicInteger NEXT_INDEX = new AtomicInteger();

    private final int index = NEXT_INDEX.getAndIncrement();
    private final EventLoop eventLoop;
    private final @Nullable SpinningIoHandler spinning;
    private final Trampoline trampoline = new Trampoline();

    public NettyIoLoop(EventLoop eventLoop) {
        this(eventLoop, null);
    }

    /** @param spinning the event loop's own handler; null if it has one that sleeps at once */
    NettyIoLoop(EventLoop eventLoop, @Nullable SpinningIoHandler spinning) {
        this.eventLoop = eventLoop;
        this.spinning = spinning;
    }

    /** The loop beneath: sockets and the ring's files register here. */
    public EventLoop eventLoop() {
        return eventLoop;
    }

    @Override
    public int index() {
        return index;
    }

    @Override
    public boolean inLoop() {
        return eventLoop.inEventLoop();
    }

    @Override
    public Trampoline trampoline() {
        return trampoline;
    }

    @Override
    public void execute(Runnable task) {
        eventLoop.execute(task);
    }

    @Override
    @SuppressWarnings("FutureReturnValueIgnored") // nobody takes it back
    public void schedule(Runnable task, long delayNanos) {
        eventLoop.schedule(task, delayNanos, TimeUnit.NANOSECONDS);
    }

    @Override
    public void expectLull() {
        if (spinning != null) {
            spinning.expectLull();
        }
    }

    /** Whether {@link #expectLull} came, since this loop last had nothing to do, to a handler that looks. Only on the loop. */
    boolean expectsLull() {
        return spinning != null && spinning.expectsLull();
    }
}
