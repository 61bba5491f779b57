package org.kiobd.volume.loop;

import io.netty.channel.EventLoop;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.uring.IoUringIoHandler;
import io.netty.channel.uring.IoUringIoHandlerConfig;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.ThreadAwareExecutor;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The event loops of a process, created once, shared by every export and closed last. Thread-safe.
 */
public final class IoLoops implements AutoCloseable {
    private static final int RING_ENTRIES = 1024;
    private static final int CLOSE_TIMEOUT_MS = 10_000;

    private final IoEngine engine;
    private final MultiThreadIoEventLoopGroup group;
    private final List<NettyIoLoop> loops = new ArrayList<>();
    private final IdentityHashMap<EventLoop, NettyIoLoop> byEventLoop = new IdentityHashMap<>();
    private final AtomicInteger next = new AtomicInteger();

    /**
     * Starts the loops.
     *
     * @param engine one for which {@link IoEngine#whyNot()} is null
     * @param threads number of loops, 1 or more
     */
    public IoLoops(IoEngine engine, int threads) {
        this(engine, threads, 0);
    }

    /**
     * Starts loops that busy-poll for events before they sleep, while that pays off.
     *
     * @param engine one for which {@link IoEngine#whyNot()} is null
     * @param threads number of loops, 1 or more
     * @param spinNanos maximum duration of a busy-poll; 0 if the loops shall sleep at once
     */
    public IoLoops(IoEngine engine, int threads, long spinNanos) {
        this.engine = engine;
        IdentityHashMap<ThreadAwareExecutor, SpinningIoHandler> spinning = new IdentityHashMap<>();
        this.group = new MultiThreadIoEventLoopGroup(
                threads,
                new DefaultThreadFactory("kiobd-loop", true),
                SpinningIoHandler.around(handlers(engine), spinNanos, spinning::put));
        for (EventExecutor executor : group) {
            EventLoop eventLoop = (EventLoop) executor;
            NettyIoLoop loop = new NettyIoLoop(eventLoop, spinning.get(eventLoop));
            loops.add(loop);
            byEventLoop.put(eventLoop, loop);
        }
    }

    private static IoHandlerFactory handlers(IoEngine engine) {
        return switch (engine) {
            case IO_URING -> IoUringIoHandler.newFactory(new IoUringIoHandlerConfig().setRingSize(RING_ENTRIES));
            case EPOLL -> EpollIoHandler.newFactory();
            case NIO -> NioIoHandler.newFactory();
        };
    }

    public IoEngine engine() {
        return engine;
    }

    /** Returns the group for bootstraps; channels created with it are registered with these loops. */
    public MultiThreadIoEventLoopGroup group() {
        return group;
    }

    public List<NettyIoLoop> all() {
        return List.copyOf(loops);
    }

    /** Returns the next loop in round-robin order. */
    public NettyIoLoop next() {
        return loops.get(Math.floorMod(next.getAndIncrement(), loops.size()));
    }

    /** Returns the loop that a channel was registered with. */
    public NettyIoLoop of(EventLoop eventLoop) {
        NettyIoLoop loop = byEventLoop.get(eventLoop);
        if (loop == null) {
            throw new IllegalArgumentException("not one of these loops: " + eventLoop);
        }
        return loop;
    }

    /** Stops the loops. The caller has closed everything that runs on them. */
    @Override
    public void close() {
        group.shutdownGracefully(0, CLOSE_TIMEOUT_MS, TimeUnit.MILLISECONDS)
                .awaitUninterruptibly(CLOSE_TIMEOUT_MS, TimeUnit.MILLISECONDS);
    }
}
