package org.kiobd.store.testkit;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.kiobd.store.ForwardingMemberStore;
import org.kiobd.store.MemberOp;
import org.kiobd.store.MemberPort;
import org.kiobd.store.MemberStore;
import org.kiobd.volume.ByteRange;
import org.kiobd.volume.Extent;
import org.kiobd.volume.loop.IoLoop;
import org.kiobd.volume.loop.NettyIoLoop;

/**
 * A member that does its work at once and tells of it late: when the test says so, or after a delay on a real loop. Operations are held
 * for one loop only; a test with several uses the delay.
 */
public final class SlowMemberStore extends ForwardingMemberStore {
    private final long delayMs;
    private final List<Runnable> held = new ArrayList<>();
    private boolean holding = true;

    /** Holds every operation's end until it is released. */
    public SlowMemberStore(MemberStore beneath) {
        this(beneath, 0);
    }

    /** Delays every operation's end; for {@link NettyIoLoop}s. */
    public SlowMemberStore(MemberStore beneath, long delayMs) {
        super(beneath);
        this.delayMs = delayMs;
    }

    @Override
    protected void submit(MemberOp op, IoLoop loop, MemberPort to) {
        to.submit(op.slice(0, op.lengthBytes(), done -> tell(loop, () -> op.complete(done.doneBytes(), done.error()))));
    }

    @Override
    protected CompletionStage<List<Extent>> extents(ByteRange range, int maxExtents, IoLoop loop, MemberPort to) {
        CompletableFuture<List<Extent>> late = new CompletableFuture<>();
        var unusedStage = to.extents(range, maxExtents)
                .whenComplete((extents, failure) -> tell(loop, () -> {
                    if (failure == null) {
                        late.complete(extents);
                    } else {
                        late.completeExceptionally(failure);
                    }
                }));
        return late;
    }

    private void tell(IoLoop loop, Runnable end) {
        if (delayMs > 0) {
            var unusedTimer = ((NettyIoLoop) loop).eventLoop().schedule(end, delayMs, TimeUnit.MILLISECONDS);
        } else if (holding) {
            held.add(end);
        } else {
            end.run();
        }
    }

    /** Operations and questions whose end is held. */
    public int held() {
        return held.size();
    }

    /** Holds ends back again. */
    public void hold() {
        holding = true;
    }

    /** Tells of the operation that was submitted as number {@code index} of those held. */
    public void release(int index) {
        held.remove(index).run();
    }

    /** Tells of everything held, in an order {@code random} picks, and holds nothing back any more. */
    public void releaseAll(Random random) {
        holding = false;
        while (!held.isEmpty()) {
            release(random.nextInt(held.size()));
        }
    }
}
