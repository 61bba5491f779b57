package org.kiobd.nbd;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Last handler in the pipeline of a listening socket. Logs one line when connections can no longer be accepted, e.g. because descriptors
 * ran out, and one line when they can be accepted again, however many attempts failed in between. One per socket, confined to its loop.
 */
final class AcceptTroubles extends ChannelInboundHandlerAdapter {
    private static final Logger LOG = LoggerFactory.getLogger(AcceptTroubles.class);

    /** Accepting counts as restored after this long without a failure; longer than Netty's pause before a retry. */
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
