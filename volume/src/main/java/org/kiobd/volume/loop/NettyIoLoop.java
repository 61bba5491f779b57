package org.kiobd.volume.loop;

import io.netty.channel.EventLoop;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** An {@link IoLoop} on a Netty event loop. Any thread, as the interface says. */
public final class NettyIoLoop implements IoLoop {
    private static final AtomicInteger NEXT_INDEX = new AtomicInteger();

    private final int index = NEXT_INDEX.getAndIncrement();
    private final EventLoop eventLoop;
    private final Trampoline trampoline = new Trampoline();

    public NettyIoLoop(EventLoop eventLoop) {
        this.eventLoop = eventLoop;
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
}
