package org.kiobd.volume.loop;

import io.netty.channel.EventLoop;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** An {@link IoLoop} on a Netty event loop. Threads: as in {@link IoLoop}. */
public final class NettyIoLoop implements IoLoop {
    /**
     * Static, because an index must be unique in the process: a device that is used by loops of several {@link IoLoops} has a place for each.
     * It owns nothing, so nothing has to close it. No number is given twice, for a closed loop may still have its place.
     */
    private static final AtomicInteger NEXT_INDEX = new AtomicInteger();

    private final int index = NEXT_INDEX.getAndIncrement();
    private final EventLoop eventLoop;
    private final @Nullable SpinningIoHandler spinning;
    private final Trampoline trampoline = new Trampoline();

    public NettyIoLoop(EventLoop eventLoop) {
        this(eventLoop, null);
    }

    /** @param spinning the handler of the event loop; null if its handler does not busy-poll */
    NettyIoLoop(EventLoop eventLoop, @Nullable SpinningIoHandler spinning) {
        this.eventLoop = eventLoop;
        this.spinning = spinning;
    }

    /** Returns the Netty event loop; sockets and io_uring files register with it. */
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
    @SuppressWarnings("FutureReturnValueIgnored") // nobody cancels the task
    public void schedule(Runnable task, long delayNanos) {
        eventLoop.schedule(task, delayNanos, TimeUnit.NANOSECONDS);
    }

    @Override
    public void expectLull() {
        if (spinning != null) {
            spinning.expectLull();
        }
    }

    /**
     * Returns whether {@link #expectLull} was called since this loop last had nothing to do; false if the handler does not busy-poll.
     * Called on the loop only.
     */
    boolean expectsLull() {
        return spinning != null && spinning.expectsLull();
    }
}
