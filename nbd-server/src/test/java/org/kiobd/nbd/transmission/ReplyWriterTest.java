package org.kiobd.nbd.transmission;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.util.ReferenceCountUtil;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.kiobd.nbd.ConnectionContext;
import org.kiobd.nbd.Export;
import org.kiobd.nbd.HeaderStyle;
import org.kiobd.nbd.NbdLimits;
import org.kiobd.nbd.Session;
import org.kiobd.nbd.testkit.MemoryDevice;
import org.kiobd.volume.kiobuf.PagePool;
import org.kiobd.volume.loop.IoLoop;
import org.kiobd.volume.loop.NettyIoLoop;
import org.kiobd.volume.testkit.LeakCheck;

/**
 * Batches of replies: what they count until the socket has taken them, and when a client has so much to do with one that its next request
 * need not be looked out for.
 */
@ExtendWith(LeakCheck.class)
class ReplyWriterTest {
    private static final int REPLY_BYTES = 16;

    private final SlowSocket socket = new SlowSocket();
    private final EmbeddedChannel channel = new EmbeddedChannel(socket, new ChannelInboundHandlerAdapter());
    private final PagePool pool = new PagePool(1 << 20, 16);
    private Transmission transmission;
    private int ends;
    private ReplyWriter replies;

    /** The end of the pipeline at the socket, which may take a batch later than it is written. */
    private static final class SlowSocket extends ChannelOutboundHandlerAdapter {
        private final Queue<ChannelPromise> untaken = new ArrayDeque<>();
        private boolean isFull;

        @Override
        @SuppressWarnings("FutureReturnValueIgnored") // the promise is the result
        public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
            if (isFull && !promise.isVoid()) {
                ReferenceCountUtil.release(message);
                untaken.add(promise);
            } else {
                ctx.write(message, promise);
            }
        }

        /** Takes the oldest batch. */
        void takeOne() {
            untaken.remove().setSuccess();
        }
    }

    @BeforeEach
    void make() {
        ChannelHandlerContext ctx = channel.pipeline().lastContext();
        IoLoop loop = new NettyIoLoop(channel.eventLoop());
        Export export = new Export("memory", "", new MemoryDevice(1 << 20));
        transmission = new Transmission(
                ctx,
                new ConnectionContext("connection=test", "test", loop, pool, NbdLimits.DEFAULT),
                new Session(export, HeaderStyle.SIMPLE, null, List.of()),
                () -> ends++);
        replies = new ReplyWriter(transmission, null);
    }

    @AfterEach
    void close() {
        replies.close();
        channel.finishAndReleaseAll();
    }

    private void answer(int requests, long bytesEach) {
        for (int i = 0; i < requests; i++) {
            transmission.budget().begin(bytesEach);
            replies.success(i, 0, bytesEach);
        }
    }

    private int inFlight() {
        return transmission.budget().requests();
    }

    @Test
    void aFewSmallOnesKeepNobodyBusy() {
        assertThat(replies.isBatchLarge()).isFalse();
        answer(7, 4096);
        assertThat(replies.isBatchLarge()).isFalse();
    }

    @Test
    void manyDo() {
        answer(8, 512);
        assertThat(replies.isBatchLarge()).isTrue();
    }

    @Test
    void aLargeOneDoes() {
        answer(1, (32 << 10) - 1);
        assertThat(replies.isBatchLarge()).isFalse();
        answer(1, 1);
        assertThat(replies.isBatchLarge()).isTrue();
    }

    @Test
    void whatHasLeftDoesNotCountAgain() {
        answer(8, 128 << 10);
        replies.flush();
        channel.runPendingTasks();
        assertThat(inFlight()).isZero();
        assertThat(replies.isBatchLarge()).isFalse();
        ByteBuf out = channel.readOutbound();
        assertThat(out.readableBytes()).isEqualTo(8 * REPLY_BYTES);
        out.release();
    }

    @Test
    void requestsAreInFlightUntilTheSocketHasTakenTheirBatch() {
        socket.isFull = true;
        for (int requests : new int[] {2, 3, 4}) {
            answer(requests, 512);
            replies.flush();
        }
        assertThat(inFlight()).isEqualTo(2 + 3 + 4);
        assertThat(replies.untakenNanos(System.nanoTime() + 1)).isPositive();
        socket.takeOne();
        assertThat(inFlight()).isEqualTo(3 + 4);
        answer(5, 512);
        replies.flush();
        socket.takeOne();
        assertThat(inFlight()).isEqualTo(4 + 5);
        socket.takeOne();
        assertThat(inFlight()).isEqualTo(5);
        socket.takeOne();
        assertThat(inFlight()).isZero();
        assertThat(replies.untakenNanos(System.nanoTime() + 1)).isZero();
    }

    @Test
    void whatWasNotFlushedEndsWithTheSocket() {
        socket.isFull = true;
        answer(2, 512);
        replies.flush();
        answer(3, 512);
        replies.close();
        assertThat(inFlight())
                .as("a batch that was flushed ends with its write")
                .isEqualTo(2);
        socket.takeOne();
        assertThat(inFlight()).isZero();
    }

    @Test
    void theEndOfABatchIsReportedWhereARequestWaitsForRoom() {
        assertThat(endsOfIteration(false)).isZero();
        assertThat(endsOfIteration(true)).isEqualTo(1);
    }

    private int endsOfIteration(boolean isAwaited) {
        int before = ends;
        transmission.budget().await(isAwaited);
        answer(1, 512);
        replies.flush();
        channel.runPendingTasks();
        ByteBuf out = channel.readOutbound();
        out.release();
        return ends - before;
    }
}
