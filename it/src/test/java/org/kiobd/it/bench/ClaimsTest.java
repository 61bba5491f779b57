package org.kiobd.it.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.kiobd.it.bench.SplitOrderBenchmark.Work;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.Op;
import org.kiobd.volume.testkit.LeakCheck;

/** The claims of the benchmarks that are exact and need no clock: a change that breaks one is a bug, not a slow day. */
@Tag("one-lane")
@Timeout(60)
@ExtendWith(LeakCheck.class)
final class ClaimsTest {
    private static final int TRIALS = 60;

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void rule3_i8_exactlyTheOriginalsWithABadByteFail(long seed) throws IOException {
        BlastRadius.Result result = BlastRadius.run(BlastRadius.Rule.EXACT, seed, TRIALS);
        assertThat(result.covered()).isPositive().isLessThan(result.originals());
        assertThat(result.failed()).isEqualTo(result.covered());
        assertThat(result.wrong()).isZero();
    }

    /** The rules not taken are what they say: whoever has a bad byte fails under each, and others with them. */
    @ParameterizedTest
    @EnumSource(names = {"PREFIX", "ALL"})
    void otherRulesFailMoreThanThose(BlastRadius.Rule rule) throws IOException {
        BlastRadius.Result result = BlastRadius.run(rule, 1, TRIALS);
        assertThat(result.failed()).isEqualTo(result.covered() + result.wrong());
        assertThat(result.wrong()).isPositive();
    }

    @Test
    void rule2_originalsOffASlowMemberEndWhileItStillHoldsItsOperation() throws IOException {
        IndependentCompletion.Order order = IndependentCompletion.order(false);
        assertThat(order.onSlowMember()).isPositive();
        assertThat(order.endedBefore()).isEqualTo(IndependentCompletion.ORIGINALS - order.onSlowMember());
        assertThat(order.endedAfter()).isEqualTo(order.onSlowMember());
    }

    @Test
    void aChainThatEndsAsOneWaitsForTheSlowMember() throws IOException {
        IndependentCompletion.Order order = IndependentCompletion.order(true);
        assertThat(order.endedBefore()).isZero();
        assertThat(order.endedAfter()).isEqualTo(IndependentCompletion.ORIGINALS);
    }

    @Test
    void countingChildrenDownAllocatesNothing() {
        TurnedLoop loop = new TurnedLoop();
        long none = VectorSize.allocated(() -> counted(loop, 0));
        long many = VectorSize.allocated(() -> counted(loop, 1000));
        assertThat(many).isEqualTo(none);
    }

    private static Kiobuf counted(TurnedLoop loop, int children) {
        Kiobuf parent = new Kiobuf(loop, Op.FLUSH, 0, 0);
        JoinBenchmark.countDown(parent, children);
        return parent;
    }

    @ParameterizedTest
    @ValueSource(ints = {4096, 65536, 1 << 20, 4 << 20})
    void bothOrdersOfMergingAndSplittingComeToAnOperationAMember(int originalBytes) {
        SplitOrderBenchmark orders = SplitOrderBenchmark.of(originalBytes);
        orders.mergeThenSplit();
        Work ours = orders.work();
        orders.splitThenMerge();
        Work first = orders.work();
        orders.close();
        assertThat(List.of(ours.memberOps(), first.memberOps())).containsOnly(SplitOrderBenchmark.MEMBERS);
        assertThat(List.of(ours.bytes(), first.bytes())).containsOnly((long) SplitOrderBenchmark.TOTAL_BYTES);
        assertThat(ours.objects()).isLessThanOrEqualTo(first.objects());
    }

    @Test
    void noByteIsMovedOnTheWayToAFileAndBack() throws IOException {
        List<CopyCount.Way> toFiles = CopyCount.WAYS.stream()
                .filter(way -> way.scheme().equals("file") && way.direct())
                .toList();
        assertThat(CopyCount.run(toFiles)).hasSize(2).allSatisfy(copies -> {
            assertThat(copies.write()).isZero();
            assertThat(copies.read()).isZero();
        });
    }

    @Test
    void everyStrategyOfTheSweepEndsEveryRequest() throws IOException {
        assertThat(SizeSweep.run(new SizeSweep.Effort(1, 1)))
                .hasSize(2 * 16)
                .allSatisfy(point -> assertThat(point.bytesPerS()).hasSize(SizeSweep.Strategy.values().length));
    }
}
