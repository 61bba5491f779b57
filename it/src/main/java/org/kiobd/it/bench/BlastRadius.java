package org.kiobd.it.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.kiobd.raid.layout.StripeLayout;
import org.kiobd.store.MemberOp;
import org.kiobd.store.MemberPort;
import org.kiobd.store.MemberUri;
import org.kiobd.volume.BlockDevice;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.ByteRange;
import org.kiobd.volume.IoError;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.Op;
import org.kiobd.volume.queue.MergeLimits;
import org.kiobd.volume.queue.RequestQueue;

/**
 * B7, "success is not a prefix": counts, for chains of adjacent WRITEs over members with one bad range, which originals fail and which have
 * a byte in the bad range. A member transfers the bytes before the bad range, as a disk does. The same seed gives the same ranges. Used
 * by one thread.
 */
final class BlastRadius {
    static final int ORIGINALS = 64;
    private static final int CHUNK_BYTES = 16 << 10;
    private static final int MEMBERS = 4;
    private static final int ROWS = 16;
    private static final int SIZE_BYTES = CHUNK_BYTES * MEMBERS * ROWS;
    private static final int MOST_BYTES = SIZE_BYTES / ORIGINALS;
    private static final int SECTOR_BYTES = 512;

    private final SplittableRandom random;
    private final StripeLayout layout = new StripeLayout(MEMBERS, CHUNK_BYTES);
    private int badMember;
    private ByteRange bad = new ByteRange(0, 0);

    /** The rules by which originals of a chain fail. */
    enum Rule {
        EXACT("exact: who has a byte there"),
        PREFIX("prefix: from the first error on"),
        ALL("all: the chain has one status");

        private final String title;

        Rule(String title) {
            this.title = title;
        }

        String title() {
            return title;
        }
    }

    /**
     * The counts of all trials of a rule.
     *
     * @param covered originals with a byte in the bad range
     * @param failed originals that failed
     * @param wrong originals that failed without a byte in the bad range, or succeeded with one
     */
    record Result(int originals, int covered, int failed, int wrong) {}

    private BlastRadius(long seed) {
        random = new SplittableRandom(seed);
    }

    static Result run(Rule rule, long seed, int trials) throws BlockIoException {
        BlastRadius places = new BlastRadius(seed);
        List<MemberUri> members = new ArrayList<>();
        for (int i = 0; i < MEMBERS; i++) {
            int member = i;
            members.add(RiggedStoreProvider.place((op, loop, to) -> places.submit(member, op, to)));
        }
        Result sum = new Result(0, 0, 0, 0);
        try (Payload payload = new Payload(MOST_BYTES);
                BenchArray array = new BenchArray(SIZE_BYTES, CHUNK_BYTES, members);
                TurnedLoop loop = new TurnedLoop()) {
            BlockDevice device = switch (rule) {
                case EXACT -> array.device();
                case PREFIX -> new WholeChainDevice(array.device(), WholeChainDevice.Rule.PREFIX);
                case ALL -> new WholeChainDevice(array.device(), WholeChainDevice.Rule.ALL);
            };
            RequestQueue queue = new RequestQueue(device, loop, MergeLimits.DEFAULT);
            for (int i = 0; i < trials; i++) {
                Result one = places.trial(loop, queue, payload);
                sum = new Result(
                        sum.originals + one.originals,
                        sum.covered + one.covered,
                        sum.failed + one.failed,
                        sum.wrong + one.wrong);
            }
        }
        return sum;
    }

    private void submit(int member, MemberOp op, MemberPort to) {
        if (member != badMember || !isBad(op.offsetBytes(), op.offsetBytes() + op.lengthBytes())) {
            to.submit(op);
            return;
        }
        long goodBytes = Math.max(0, bad.offsetBytes() - op.offsetBytes());
        if (goodBytes == 0) {
            op.complete(0, IoError.IO);
        } else {
            to.submit(op.slice(0, goodBytes, done -> op.complete(goodBytes, IoError.IO)));
        }
    }

    /** Returns whether bytes {@code [fromBytes, toBytes)} of the bad member have a byte in the bad range. */
    private boolean isBad(long fromBytes, long toBytes) {
        return Math.max(fromBytes, bad.offsetBytes()) < Math.min(toBytes, bad.endBytes());
    }

    private Result trial(TurnedLoop loop, RequestQueue queue, Payload payload) {
        badMember = random.nextInt(MEMBERS);
        int lengthBytes = SECTOR_BYTES * random.nextInt(1, 1 + CHUNK_BYTES / SECTOR_BYTES);
        bad = new ByteRange(random.nextInt(CHUNK_BYTES * ROWS - lengthBytes), lengthBytes);
        List<Kiobuf> originals = new ArrayList<>();
        @Nullable IoError[] errors = new IoError[ORIGINALS];
        long offsetBytes = 0;
        for (int i = 0; i < ORIGINALS; i++) {
            int index = i;
            Kiobuf original = payload.request(loop, Op.WRITE, offsetBytes, 0, random.nextInt(1, MOST_BYTES));
            original.addNotifier((completion, error) -> errors[index] = error);
            originals.add(original);
            offsetBytes = original.endBytes();
            queue.accept(original);
        }
        loop.turn();
        int covered = 0;
        int failed = 0;
        int wrong = 0;
        for (int i = 0; i < ORIGINALS; i++) {
            boolean hit = isHit(originals.get(i));
            covered += hit ? 1 : 0;
            failed += errors[i] != null ? 1 : 0;
            wrong += hit != (errors[i] != null) ? 1 : 0;
        }
        return new Result(ORIGINALS, covered, failed, wrong);
    }

    /**
     * Returns whether the original has a byte in the bad range. Computes the original's range on the bad member, which is contiguous,
     * independently of the splitter.
     */
    private boolean isHit(Kiobuf original) {
        long from = layout.below(badMember, original.offsetBytes());
        return isBad(from, layout.below(badMember, original.endBytes()));
    }
}
