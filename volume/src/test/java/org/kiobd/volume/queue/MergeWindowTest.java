package org.kiobd.volume.queue;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.Predicate;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.kiobd.volume.ReadPiece;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.KiobufChain;
import org.kiobd.volume.kiobuf.Op;
import org.kiobd.volume.testkit.LeakCheck;
import org.kiobd.volume.testkit.ManualLoop;
import org.kiobd.volume.testkit.Seeded;

@Tag("one-lane")
@ExtendWith(LeakCheck.class)
class MergeWindowTest {
    private static final MergeLimits WIDE = new MergeLimits(1L << 40, 1 << 20, 1 << 20, 1);

    private final ManualLoop loop = new ManualLoop();

    private Kiobuf trim(long offsetBytes, long lengthBytes) {
        return new Kiobuf(loop, Op.TRIM, offsetBytes, lengthBytes);
    }

    private static List<KiobufChain> drain(MergeWindow window, Predicate<KiobufChain> wanted) {
        List<KiobufChain> taken = new ArrayList<>();
        window.drain(new MergeWindow.ChainConsumer() {
            @Override
            public boolean wants(KiobufChain chain) {
                return wanted.test(chain);
            }

            @Override
            public void take(KiobufChain chain) {
                taken.add(chain);
            }
        });
        return taken;
    }

    private static List<String> drain(MergeWindow window) {
        return drain(window, chain -> true).stream().map(KiobufChain::toString).toList();
    }

    private MergeWindow window(MergeLimits limits, Kiobuf... requests) {
        MergeWindow window = new MergeWindow(limits);
        for (Kiobuf request : requests) {
            window.add(request);
        }
        return window;
    }

    @Test
    void onlyBackMerges() {
        assertThat(drain(window(WIDE, trim(0, 4), trim(4, 4), trim(8, 1)))).containsExactly("TRIM[0,9) originals=3");
    }

    @Test
    void onlyFrontMerges() {
        assertThat(drain(window(WIDE, trim(8, 1), trim(4, 4), trim(0, 4)))).containsExactly("TRIM[0,9) originals=3");
    }

    @Test
    void aRequestBridgesTwoChains() {
        assertThat(drain(window(WIDE, trim(0, 4), trim(100, 1), trim(8, 4), trim(4, 4))))
                .containsExactly("TRIM[0,12) originals=3", "TRIM[100,101) originals=1");
    }

    @Test
    void aBridgedChainKeepsThePlaceOfItsOldestPart() {
        assertThat(drain(window(WIDE, trim(8, 4), trim(100, 1), trim(0, 4), trim(4, 4))))
                .containsExactly("TRIM[0,12) originals=3", "TRIM[100,101) originals=1");
        assertThat(drain(window(WIDE, trim(8, 4), trim(100, 1), trim(4, 4), trim(0, 4))))
                .containsExactly("TRIM[0,12) originals=3", "TRIM[100,101) originals=1");
    }

    @Test
    void interleavedStreamsEachMerge() {
        MergeWindow window = new MergeWindow(WIDE);
        for (int i = 0; i < 100; i++) {
            for (int stream = 0; stream < 16; stream++) {
                window.add(trim(stream * 1000L + i * 10L, 10));
            }
        }
        // The last request of each stream meets the first of the next one: all are one.
        assertThat(drain(window)).containsExactly("TRIM[0,16000) originals=1600");
    }

    @Test
    void flaggedRequestsStandAloneAndTheirNeighboursToo() {
        for (int flag : new int[] {Kiobuf.FUA, Kiobuf.NO_HOLE, Kiobuf.FAST_ZERO}) {
            assertThat(drain(window(WIDE, trim(0, 4), trim(4, 4).flags(flag), trim(8, 4))))
                    .hasSize(3);
        }
        assertThat(drain(window(WIDE, trim(0, 4), new Kiobuf(loop, Op.WRITE_ZEROES, 4, 4), trim(8, 4))))
                .hasSize(3);
        assertThat(drain(window(WIDE, trim(0, 4), trim(4, 0), trim(4, 4)))).hasSize(2);
    }

    @Test
    void limitsHoldForBackFrontAndBridge() {
        MergeLimits three = new MergeLimits(1000, 3, 1, 1);
        assertThat(drain(window(three, trim(0, 1), trim(1, 1), trim(2, 1), trim(3, 1))))
                .containsExactly("TRIM[0,3) originals=3", "TRIM[3,4) originals=1");
        assertThat(drain(window(three, trim(3, 1), trim(2, 1), trim(1, 1), trim(0, 1))))
                .containsExactly("TRIM[1,4) originals=3", "TRIM[0,1) originals=1");
        assertThat(drain(window(three, trim(0, 1), trim(1, 1), trim(3, 1), trim(2, 1))))
                .containsExactly("TRIM[0,3) originals=3", "TRIM[3,4) originals=1");
        MergeLimits tenBytes = new MergeLimits(10, 100, 1, 1);
        assertThat(drain(window(tenBytes, trim(0, 5), trim(5, 5), trim(10, 1))))
                .containsExactly("TRIM[0,10) originals=2", "TRIM[10,11) originals=1");
        assertThat(drain(window(tenBytes, trim(0, 1L << 40), trim(1L << 40, 1))))
                .hasSize(2);
        assertThat(drain(window(WIDE.withoutMerging(), trim(0, 1), trim(1, 1)))).hasSize(2);
    }

    @Test
    void i7_nothingMergesAcrossTheLineOfAFlush() {
        MergeWindow window = window(WIDE, trim(0, 4), trim(100, 4));
        window.close();
        window.add(trim(4, 4));
        window.add(trim(96, 4));
        window.add(trim(8, 4));
        assertThat(drain(window))
                .containsExactly(
                        "TRIM[0,4) originals=1",
                        "TRIM[100,104) originals=1",
                        "TRIM[4,12) originals=2",
                        "TRIM[96,100) originals=1");
    }

    @Test
    void whatHasNoRoomStaysAndGoesOnMerging() {
        MergeWindow window = window(WIDE, trim(0, 4), trim(100, 4), trim(200, 4));
        assertThat(drain(window, chain -> chain.offsetBytes() == 100)).hasSize(1);
        window.add(trim(4, 4));
        window.add(trim(104, 4));
        window.add(trim(196, 4));
        assertThat(drain(window))
                .containsExactly("TRIM[0,8) originals=2", "TRIM[196,204) originals=2", "TRIM[104,108) originals=1");
        assertThat(window.chains()).isZero();
    }

    @Test
    void aChainThatIsBeingIssuedNeitherGrowsNorComesBack() {
        MergeWindow window = window(WIDE, trim(0, 4), trim(100, 4), trim(200, 4));
        List<String> outer = new ArrayList<>();
        window.drain(new MergeWindow.ChainConsumer() {
            @Override
            public boolean wants(KiobufChain chain) {
                return true;
            }

            @Override
            public void take(KiobufChain chain) {
                outer.add(chain.toString());
                if (chain.offsetBytes() == 0) {
                    window.add(trim(4, 4));
                    assertThat(drain(window, inner -> inner.offsetBytes() >= 100))
                            .hasSize(2);
                }
                assertThat(chain.originals()).isEqualTo(1);
            }
        });
        assertThat(outer).startsWith("TRIM[0,4) originals=1").doesNotContain("TRIM[100,104) originals=1");
        List<String> rest = drain(window);
        outer.addAll(rest);
        assertThat(outer).containsExactly("TRIM[0,4) originals=1", "TRIM[4,8) originals=1");
        assertThat(window.chains()).isZero();
    }

    /** What the test knows of a request: the line of FLUSH it came behind. */
    private final Map<Kiobuf, Integer> lines = new HashMap<>();

    private Kiobuf random(Random random, long offsetBytes, long lengthBytes) {
        Kiobuf request = trim(offsetBytes, lengthBytes);
        if (random.nextInt(12) == 0) {
            request.flags(Kiobuf.FUA);
        }
        if (random.nextInt(12) == 0) {
            request.accept(ReadPiece.ACCEPT_HOLE);
        }
        return request;
    }

    /** Requests side by side in shuffled order: no rule may be broken, and nothing that may merge may be left apart. */
    @Seeded(rounds = 5)
    void i2_i7_shuffledNeighboursMergeAsFarAsTheRulesAllow(Random random) {
        for (int round = 0; round < 50; round++) {
            MergeLimits limits = new MergeLimits(1 + random.nextInt(300), 1 + random.nextInt(12), 1000, 1);
            List<Kiobuf> requests = new ArrayList<>();
            long at = 0;
            for (int i = 0; i < 40; i++) {
                int length = 1 + random.nextInt(20);
                requests.add(random(random, at, length));
                at += length + (random.nextInt(4) == 0 ? 1 : 0);
            }
            Collections.shuffle(requests, random);
            play(random, limits, requests, true);
        }
    }

    /** The same with requests that overlap or come twice: a merge may be missed, no rule may be broken. */
    @Seeded(rounds = 5)
    void i2_i7_overlappingRequestsBreakNoRule(Random random) {
        for (int round = 0; round < 50; round++) {
            MergeLimits limits = new MergeLimits(1 + random.nextInt(300), 1 + random.nextInt(12), 1000, 1);
            List<Kiobuf> requests = new ArrayList<>();
            for (int i = 0; i < 40; i++) {
                requests.add(random(random, random.nextInt(12) * 4L, 4L * (1 + random.nextInt(4))));
            }
            play(random, limits, requests, false);
        }
    }

    private void play(Random random, MergeLimits limits, List<Kiobuf> requests, boolean maximal) {
        MergeWindow window = new MergeWindow(limits);
        lines.clear();
        int line = 0;
        List<Kiobuf> inside = new ArrayList<>();
        for (Kiobuf request : requests) {
            window.add(request);
            lines.put(request, line);
            inside.add(request);
            if (random.nextInt(25) == 0) {
                window.close();
                line++;
            }
            if (random.nextInt(15) == 0) {
                for (KiobufChain gone : drain(window, chain -> random.nextInt(3) == 0)) {
                    originals(gone).forEach(inside::remove);
                }
            }
            check(window, limits, inside, maximal);
        }
    }

    private static List<Kiobuf> originals(KiobufChain chain) {
        List<Kiobuf> originals = new ArrayList<>();
        for (Kiobuf original = chain.head(); original != null; original = original.next()) {
            originals.add(original);
        }
        return originals;
    }

    private void check(MergeWindow window, MergeLimits limits, List<Kiobuf> inside, boolean maximal) {
        List<KiobufChain> chains = new ArrayList<>();
        drain(window, chain -> {
            chains.add(chain);
            return false;
        });
        assertThat(window.chains()).isEqualTo(chains.size());
        Set<Kiobuf> seen = new HashSet<>();
        for (KiobufChain chain : chains) {
            List<Kiobuf> originals = originals(chain);
            assertThat(originals).hasSize(chain.originals()).last().isSameAs(chain.tail());
            seen.addAll(originals);
            if (originals.size() > 1) {
                assertThat(originals.size()).isLessThanOrEqualTo(limits.maxOriginalsPerChain());
                assertThat(chain.lengthBytes()).isLessThanOrEqualTo(limits.maxChainBytes());
                assertThat(originals).allMatch(Kiobuf::isMergeable);
                assertThat(originals.stream().map(lines::get).distinct()).hasSize(1);
                assertThat(originals.stream().map(Kiobuf::acceptedPieces).distinct())
                        .hasSize(1);
            }
            for (int i = 1; i < originals.size(); i++) {
                assertThat(originals.get(i).offsetBytes())
                        .isEqualTo(originals.get(i - 1).endBytes());
            }
        }
        assertThat(seen).hasSize(inside.size()).containsAll(inside);
        if (maximal) {
            requireNothingLeftApart(chains, limits);
        }
    }

    private void requireNothingLeftApart(List<KiobufChain> chains, MergeLimits limits) {
        for (KiobufChain before : chains) {
            for (KiobufChain after : chains) {
                boolean mergeable = before.precedes(after)
                        && java.util.Objects.equals(lines.get(before.head()), lines.get(after.head()))
                        && before.originals() + after.originals() <= limits.maxOriginalsPerChain()
                        && before.lengthBytes() + after.lengthBytes() <= limits.maxChainBytes();
                assertThat(mergeable).as("%s and %s are apart", before, after).isFalse();
            }
        }
    }
}
