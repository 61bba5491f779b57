package org.kiobd.nbd.transmission;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import java.io.ByteArrayOutputStream;
import java.util.List;
import org.kiobd.nbd.ConnectionContext;
import org.kiobd.nbd.Export;
import org.kiobd.nbd.HeaderStyle;
import org.kiobd.nbd.MetaContext;
import org.kiobd.nbd.NbdLimits;
import org.kiobd.nbd.Session;
import org.kiobd.nbd.testkit.MemoryDevice;
import org.kiobd.volume.kiobuf.PagePool;
import org.kiobd.volume.loop.IoLoop;
import org.kiobd.volume.loop.NettyIoLoop;
import org.kiobd.volume.loop.Trampoline;

/** A connection in its transmission phase, without a socket: bytes in, bytes out, and whether it would read on. */
final class ServedChannel implements AutoCloseable {
    private final EmbeddedChannel channel = new EmbeddedChannel();
    private final PagePool pool;
    private final Export export;
    private final TransmissionHandler handler;
    private final long takenBytes;
    private boolean readAsked;
    private int lulls;

    /** The channel's own, and how often it was told not to look out for more. */
    private final class CountingLoop implements IoLoop {
        private final NettyIoLoop loop;

        CountingLoop(NettyIoLoop loop) {
            this.loop = loop;
        }

        @Override
        public int index() {
            return loop.index();
        }

        @Override
        public boolean inLoop() {
            return loop.inLoop();
        }

        @Override
        public Trampoline trampoline() {
            return loop.trampoline();
        }

        @Override
        public void execute(Runnable task) {
            loop.execute(task);
        }

        @Override
        public void schedule(Runnable task, long delayNanos) {
            loop.schedule(task, delayNanos);
        }

        @Override
        public void expectLull() {
            lulls++;
        }
    }

    /** With simple replies. */
    ServedChannel(MemoryDevice device, PagePool pool, NbdLimits limits) {
        this(device, pool, limits, HeaderStyle.SIMPLE, List.of());
    }

    /** With what was negotiated. */
    ServedChannel(MemoryDevice device, PagePool pool, NbdLimits limits, HeaderStyle style, List<MetaContext> contexts) {
        this.pool = pool;
        this.takenBytes = pool.reservedBytes();
        this.export = new Export("memory", "", device);
        IoLoop loop = new CountingLoop(new NettyIoLoop(channel.eventLoop()));
        channel.config().setAutoRead(false);
        channel.pipeline().addLast(new ChannelOutboundHandlerAdapter() {
            @Override
            public void read(ChannelHandlerContext ctx) {
                readAsked = true;
                ctx.read();
            }
        });
        handler = new TransmissionHandler(
                new ConnectionContext("connection=test", "test", loop, pool, limits),
                new Session(export, style, null, contexts),
                new ReceiveBuffers(limits));
        channel.pipeline().addLast(handler);
    }

    EmbeddedChannel channel() {
        return channel;
    }

    Export export() {
        return export;
    }

    /** What one receive brought, in a buffer of exactly that size. */
    void receive(byte[] bytes) {
        receive(bytes, bytes.length);
    }

    /** What one receive brought, in a buffer of {@code capacityBytes}. */
    void receive(byte[] bytes, int capacityBytes) {
        readAsked = false;
        if (channel.isOpen()) {
            channel.writeInbound(
                    channel.alloc().directBuffer(capacityBytes, capacityBytes).writeBytes(bytes));
            run();
        }
    }

    /** As when the server ends. */
    void shutDown() {
        handler.shutDown("the test says so");
        run();
    }

    void run() {
        channel.runPendingTasks();
    }

    /** Whether, after the last receive, it has asked for more. */
    boolean wantsMore() {
        run();
        return readAsked;
    }

    /** How often the loop was told that the client has its hands full. */
    int lulls() {
        run();
        return lulls;
    }

    /** All that was sent since the last call. */
    byte[] sent() {
        run();
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (ByteBuf out = channel.readOutbound(); out != null; out = channel.readOutbound()) {
            all.writeBytes(ByteBufUtil.getBytes(out));
            out.release();
        }
        return all.toByteArray();
    }

    /** The client goes away; what was lent must be back. */
    @Override
    public void close() {
        channel.finishAndReleaseAll();
        run();
        assertThat(handler.ended().toCompletableFuture()).isCompleted();
        assertThat(pool.reservedBytes()).as("reserved bytes").isEqualTo(takenBytes);
        assertThat(pool.sharesInUse()).as("shares").isZero();
        assertThat(export.figures().connections()).isZero();
    }
}
