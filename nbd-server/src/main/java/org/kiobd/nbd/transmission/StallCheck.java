package org.kiobd.nbd.transmission;

import io.netty.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Drops a client that does not read its replies, or stops in the middle of a WRITE, if other clients are refused memory. Until then it may
 * keep its memory. One per connection, confined to its loop.
 */
final class StallCheck {
    private static final Logger LOG = LoggerFactory.getLogger(StallCheck.class);

    private final Transmission transmission;
    private final ReplyWriter replies;
    private final RequestIntake intake;
    private final int limitMs;
    private @Nullable Future<?> timer;
    private long refusedSeen;

    /** @param limitMs time that a client may stall while others are refused memory */
    StallCheck(Transmission transmission, ReplyWriter replies, RequestIntake intake, int limitMs) {
        this.transmission = transmission;
        this.replies = replies;
        this.intake = intake;
        this.limitMs = limitMs;
    }

    /** Starts to check the connection at intervals. */
    void start() {
        timer = transmission
                .ctx()
                .executor()
                .scheduleWithFixedDelay(this::check, limitMs, limitMs / 4 + 1, TimeUnit.MILLISECONDS);
    }

    /** Ends the checks. */
    void stop() {
        if (timer != null) {
            timer.cancel(false);
        }
    }

    private void check() {
        ConnectionBudget budget = transmission.budget();
        long refused = budget.refusalsOfOthers();
        boolean othersAreShort = refused != refusedSeen;
        refusedSeen = refused;
        if (!transmission.isServing() || !othersAreShort || budget.drawnBytes() == 0) {
            return;
        }
        long limitNanos = TimeUnit.MILLISECONDS.toNanos(limitMs);
        long nowNanos = System.nanoTime();
        boolean takesNothing = replies.untakenNanos(nowNanos) > limitNanos;
        boolean sendsNothing =
                intake.isReceiving() && nowNanos - transmission.counters().lastNanos() > limitNanos;
        if (takesNothing || sendsNothing) {
            String what = takesNothing ? "takes no replies" : "does not go on with its WRITE";
            LOG.warn(
                    "{} is disconnected: it {}, and other connections need the memory that it uses",
                    transmission.name(),
                    what);
            transmission.drop("it " + what + " within timeoutMs=" + limitMs);
        }
    }
}
