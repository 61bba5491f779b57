package org.kiobd.nbd.transmission;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.kiobd.nbd.HeaderStyle;
import org.kiobd.volume.kiobuf.PagePool;
import org.kiobd.volume.testkit.LeakCheck;

/** When a client that gets a batch of replies has so much to do that its next request need not be looked out for. */
@ExtendWith(LeakCheck.class)
class ReplyWriterTest {
    private static final int REPLY_BYTES = 16;

    private final EmbeddedChannel channel = new EmbeddedChannel(new ChannelInboundHandlerAdapter());
    private final PagePool pool = new PagePool(1 << 20, 16);
    private int sentRequests;
    private ReplyWriter replies;

    private final class Sent implements ReplyWriter.Listener {
        @Override
        public void sent(int requests, long inFlightBytes, long memoryBytes) {
            sentRequests += requests;
        }

        @Override
        public void broken(String reason) {
            throw new AssertionError(reason);
        }

        @Override
        public void unreadable(String how) {
            throw new AssertionError(how);
        }
    }

    @BeforeEach
    void make() {
        ChannelHandlerContext ctx = channel.pipeline().firstContext();
        ReplyMemory memory = new ReplyMemory(pool, new MemoryBudget(pool), false);
        replies = new ReplyWriter(ctx, pool, ReplyEncoding.of(HeaderStyle.SIMPLE), memory, null, new Sent());
    }

    @AfterEach
    void close() {
        replies.close();
        channel.finishAndReleaseAll();
    }

    private void answer(int requests, long bytesEach) {
        for (int i = 0; i < requests; i++) {
            replies.success(i, 0, bytesEach);
        }
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
        assertThat(sentRequests).isEqualTo(8);
        assertThat(replies.isBatchLarge()).isFalse();
        ByteBuf out = channel.readOutbound();
        assertThat(out.readableBytes()).isEqualTo(8 * REPLY_BYTES);
        out.release();
    }
}
