package org.kiobd.nbd;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Stands last in the pipeline of a listening socket and says in one line when clients cannot be taken in, e.g. for want of descriptors,
 * and in another when they can again, however often it was tried between. One per socket, confined to its loop.
 */
final class AcceptTroubles extends ChannelInboundHandlerAdapter {
    private static final Logger LOG = LoggerFactory.getLogger(AcceptTroubles.class);

    /** Longer than Netty waits before it tries again. */
    private static final int CALM_MS = 3_000;

    private final String where;
    private long failures;
    private long failuresSeen;

    AcceptTroubles(String where) {
        this.where = where;
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        if (failures++ == 0) {
            failuresSeen = 0;
            LOG.warn(
                    "{}: new connections cannot be accepted and wait: {}; established ones are unharmed",
                    where,
                    cause.toString());
            lookAgain(ctx);
        }
    }

    @SuppressWarnings("FutureReturnValueIgnored") // ends with its loop
    private void lookAgain(ChannelHandlerContext ctx) {
        ctx.executor().schedule(() -> look(ctx), CALM_MS, TimeUnit.MILLISECONDS);
    }

    private void look(ChannelHandlerContext ctx) {
        if (!ctx.channel().isOpen()) {
            return;
        }
        if (failures > failuresSeen) {
            failuresSeen = failures;
            lookAgain(ctx);
            return;
        }
        LOG.info("{}: new connections are accepted again", where);
        failures = 0;
    }
}
