package org.kiobd.raid.layout;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.kiobd.store.MemberOp;
import org.kiobd.volume.kiobuf.Fragment;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.KiobufChain;
import org.kiobd.volume.kiobuf.Op;
import org.kiobd.volume.testkit.LeakCheck;
import org.kiobd.volume.testkit.ManualLoop;
import org.kiobd.volume.testkit.Seeded;
import org.kiobd.volume.testkit.TestRequest;

/** The bounds of splitting, and I3 and I6: each byte in one entry, the chain and its memory untouched. */
@ExtendWith(LeakCheck.class)
class StripeSplitterTest {
    private final ManualLoop loop = new ManualLoop();

    private static KiobufChain join(List<TestRequest> requests) {
        KiobufChain chain = null;
        for (TestRequest request : requests) {
            if (chain == null) {
                chain = request.chain();
            } else {
                chain.join(request.chain());
            }
        }
        return Objects.requireNonNull(chain);
    }

    private List<MemberOp> split(StripeLayout layout, KiobufChain chain) {
        List<MemberOp> ops = new ArrayList<>();
        assertThat(new StripeSplitter(layout).split(chain, StripeSplitterTest::end, ops::add))
                .isEqualTo(ops.size());
        return ops;
    }

    private static void end(MemberOp op) {
        for (int i = 0; i < op.entries(); i++) {
            if (i + 1 == op.entries() || op.original(i + 1) != op.original(i)) {
                op.original(i).endSlice();
            }
        }
    }

    private static void finish(List<MemberOp> ops, List<TestRequest> requests) {
        ops.forEach(op -> op.complete(op.lengthBytes(), null));
        for (TestRequest request : requests) {
            assertThat(request.completions()).isZero();
            request.kiobuf().submitted();
            assertThat(request.completions()).isEqualTo(1);
        }
    }

    @Test
    void oneMebibyteOverFourMembersIsFourOperations() {
        TestRequest request = TestRequest.write(loop, 0, new byte[1 << 20], new Random(1));
        List<MemberOp> ops = split(new StripeLayout(4, 64 << 10), request.chain());
        assertThat(ops).hasSize(4).allMatch(op -> op.lengthBytes() == 256 << 10 && op.offsetBytes() == 0);
        finish(ops, List.of(request));
    }

    @Test
    void operationsComeInTheOrderTheRangeTouchesTheMembers() {
        TestRequest request = TestRequest.write(loop, 2 * 100 + 50, new byte[400], new Random(1));
        List<MemberOp> ops = split(new StripeLayout(4, 100), request.chain());
        assertThat(ops.stream().map(MemberOp::member)).containsExactly(2, 3, 0, 1);
        assertThat(ops.stream().map(MemberOp::offsetBytes)).containsExactly(50L, 0L, 100L, 100L);
        assertThat(ops.get(0).lengthBytes()).isEqualTo(100);
        finish(ops, List.of(request));
    }

    @Seeded(rounds = 6)
    void i3_i6_everyByteIsInOneEntryOverTheSameMemoryWithinTheBounds(Random random) {
        for (int round = 0; round < 40; round++) {
            int members = List.of(1, 2, 3, 4, 7).get(random.nextInt(5));
            long chunk = List.of(1L, 3L, 17L, 100L, 512L, 4096L).get(random.nextInt(6));
            StripeLayout layout = new StripeLayout(members, chunk);
            long start = nearABoundary(random, chunk, members);
            List<TestRequest> requests = new ArrayList<>();
            long at = start;
            for (int i = 0; i <= random.nextInt(6); i++) {
                byte[] data = new byte[1 + random.nextInt(chunk < 10 ? 60 : 3000)];
                random.nextBytes(data);
                requests.add(TestRequest.write(loop, at, data, random));
                at += data.length;
            }
            KiobufChain chain = join(requests);
            List<Object> before = picture(chain);
            List<MemberOp> ops = split(layout, chain);
            assertThat(picture(chain)).isEqualTo(before);
            check(layout, chain, ops);
            finish(ops, requests);
        }
    }

    private static long nearABoundary(Random random, long chunk, int members) {
        long boundary = chunk * random.nextInt(3 * members + 1);
        return Math.max(0, boundary + random.nextInt(3) - 1);
    }

    private static List<Object> picture(KiobufChain chain) {
        List<Object> picture = new ArrayList<>();
        for (Kiobuf original = chain.head(); original != null; original = original.next()) {
            picture.add(original);
            picture.add(original.offsetBytes());
            for (int i = 0; i < original.fragmentCount(); i++) {
                Fragment fragment = original.fragment(i);
                picture.add(fragment);
                picture.add(fragment.memory().refCnt());
                picture.add(fragment.memory()
                        .slice(fragment.offsetBytes(), fragment.lengthBytes())
                        .hashCode());
            }
        }
        return picture;
    }

    private static void check(StripeLayout layout, KiobufChain chain, List<MemberOp> ops) {
        long chunks = layout.chunk(chain.endBytes() - 1) - layout.chunk(chain.offsetBytes()) + 1;
        assertThat(ops.size()).isLessThanOrEqualTo((int) Math.min(layout.members(), chunks));
        assertThat(ops.stream().map(MemberOp::member)).doesNotHaveDuplicates();
        long entries = ops.stream().mapToLong(MemberOp::entries).sum();
        long cuts = layout.members() == 1 ? 0 : chunks - 1;
        assertThat(entries).isLessThanOrEqualTo(chain.fragments() + cuts);
        boolean[] covered = new boolean[(int) chain.lengthBytes()];
        for (MemberOp op : ops) {
            long memberAt = op.offsetBytes();
            for (int i = 0; i < op.entries(); i++) {
                Kiobuf original = op.original(i);
                for (long b = 0; b < op.entryLengthBytes(i); b++, memberAt++) {
                    long device = original.offsetBytes() + op.originalOffsetBytes(i) + b;
                    assertThat(layout.member(device)).isEqualTo(op.member());
                    assertThat(layout.memberOffsetBytes(device)).isEqualTo(memberAt);
                    int place = (int) (device - chain.offsetBytes());
                    assertThat(covered[place]).isFalse();
                    covered[place] = true;
                }
                assertThat(isOwnMemory(op, i)).isTrue();
            }
            assertThat(memberAt).isEqualTo(op.offsetBytes() + op.lengthBytes());
        }
        assertThat(covered).doesNotContain(false);
    }

    /** Whether the entry lies in a fragment of its original, at the place of the bytes it stands for: nothing was copied. */
    @SuppressWarnings("ReferenceEquality") // the same memory, not memory with the same bytes
    private static boolean isOwnMemory(MemberOp op, int entry) {
        Kiobuf original = op.original(entry);
        long at = 0;
        for (int i = 0; i < original.fragmentCount(); i++) {
            Fragment fragment = original.fragment(i);
            long inFragment = op.originalOffsetBytes(entry) - at;
            if (inFragment >= 0 && inFragment < fragment.lengthBytes()) {
                return op.memory(entry) == fragment.memory()
                        && op.memoryOffsetBytes(entry) == fragment.offsetBytes() + inFragment
                        && inFragment + op.entryLengthBytes(entry) <= fragment.lengthBytes();
            }
            at += fragment.lengthBytes();
        }
        return false;
    }

    @Seeded
    void i3_rangeOperationsCoverTheUnionOfTheirChunksInOneOperationAMember(Random random) {
        for (int round = 0; round < 300; round++) {
            int members = 1 + random.nextInt(7);
            long chunk = 1L + random.nextInt(40);
            StripeLayout layout = new StripeLayout(members, chunk);
            long start = nearABoundary(random, chunk, members);
            Op op = List.of(Op.TRIM, Op.WRITE_ZEROES, Op.CACHE).get(random.nextInt(3));
            List<TestRequest> requests = new ArrayList<>();
            long at = start;
            for (int i = 0; i <= (op == Op.TRIM ? random.nextInt(4) : 0); i++) {
                long length = 1L + random.nextInt(200);
                requests.add(TestRequest.range(loop, op, at, length));
                at += length;
            }
            List<MemberOp> ops = split(layout, join(requests));
            assertThat(ops).hasSizeLessThanOrEqualTo(members);
            for (int member = 0; member < members; member++) {
                long from = layout.below(member, start);
                long to = layout.below(member, at);
                int index = member;
                Stream<MemberOp> own = ops.stream().filter(o -> o.member() == index);
                assertThat(own.map(o -> o.offsetBytes() + "+" + o.lengthBytes()).toList())
                        .isEqualTo(from == to ? List.of() : List.of(from + "+" + (to - from)));
            }
            finish(ops, requests);
        }
    }

    @Test
    void aTrimOfFourGibibytesIsOneOperationAMember() {
        TestRequest trim = TestRequest.range(loop, Op.TRIM, 512, (1L << 32) - 512);
        List<MemberOp> ops = split(new StripeLayout(4, 256 << 10), trim.chain());
        assertThat(ops).hasSize(4);
        assertThat(ops.stream().mapToLong(MemberOp::lengthBytes).sum()).isEqualTo((1L << 32) - 512);
        finish(ops, List.of(trim));
    }

    @Test
    void flushesGoToEveryMemberWithoutARange() {
        TestRequest first = TestRequest.flush(loop);
        TestRequest second = TestRequest.flush(loop);
        List<MemberOp> ops = split(new StripeLayout(3, 100), join(List.of(first, second)));
        assertThat(ops).hasSize(3).allMatch(op -> op.entries() == 2 && op.lengthBytes() == 0);
        finish(ops, List.of(first, second));
    }
}
