package org.kiobd.store.testkit;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.kiobd.store.ForwardingMemberStore;
import org.kiobd.store.MemberOp;
import org.kiobd.store.MemberPort;
import org.kiobd.store.MemberStore;
import org.kiobd.volume.loop.IoLoop;

/**
 * A member that collects operations until the end of the batch and then does them in another order: some inline, some in later turns
 * of the loop. For loops on one thread.
 */
public final class ReorderingMemberStore extends ForwardingMemberStore {
    private final Random random;
    private final boolean reverse;
    private final Map<IoLoop, List<MemberOp>> collected = new HashMap<>();

    /** In random order. */
    public ReorderingMemberStore(MemberStore beneath, Random random) {
        this(beneath, random, false);
    }

    /** @param reverse last first, instead of random order */
    public ReorderingMemberStore(MemberStore beneath, Random random, boolean reverse) {
        super(beneath);
        this.random = random;
        this.reverse = reverse;
    }

    @Override
    protected void submit(MemberOp op, IoLoop loop, MemberPort to) {
        collected.computeIfAbsent(loop, l -> new ArrayList<>()).add(op);
    }

    @Override
    protected void unplug(IoLoop loop, MemberPort to) {
        List<MemberOp> waiting = collected.getOrDefault(loop, List.of());
        while (!waiting.isEmpty()) {
            MemberOp op = waiting.remove(reverse ? waiting.size() - 1 : random.nextInt(waiting.size()));
            if (random.nextBoolean()) {
                to.submit(op);
            } else {
                loop.execute(() -> to.submit(op));
            }
        }
        to.unplug();
    }
}
