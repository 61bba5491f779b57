package org.kiobd.raid.layout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.kiobd.volume.testkit.Seeded;

/** I4: device byte and (member, byte) are one to one, and any range is contiguous on each member. */
class StripeLayoutTest {
    private static final int[] MEMBERS = {1, 2, 3, 4, 7};
    private static final long[] CHUNKS = {1, 2, 3, 5, 8, 13, 64, 100};

    @Test
    void i4_everyByteHasOnePlaceAndThePlaceKnowsItsByte() {
        for (int members : MEMBERS) {
            for (long chunk : CHUNKS) {
                StripeLayout layout = new StripeLayout(members, chunk);
                // The plain way: go through the device byte by byte and put each where the last one of its member ends.
                long[] filled = new long[members];
                for (long at = 0; at < chunk * members * 3 + chunk / 2 + 1; at++) {
                    int member = (int) (at / chunk % members);
                    assertThat(layout.member(at)).isEqualTo(member);
                    assertThat(layout.memberOffsetBytes(at)).isEqualTo(filled[member]);
                    assertThat(layout.deviceOffsetBytes(member, filled[member])).isEqualTo(at);
                    for (int i = 0; i < members; i++) {
                        assertThat(layout.below(i, at)).isEqualTo(filled[i]);
                    }
                    filled[member]++;
                }
            }
        }
    }

    @Test
    void i4_aRunEndsWhereTheMemberChanges() {
        for (int members : new int[] {2, 3, 4, 7}) {
            for (long chunk : CHUNKS) {
                StripeLayout layout = new StripeLayout(members, chunk);
                for (long at = 0; at < chunk * members * 2; at++) {
                    long run = layout.runBytes(at);
                    assertThat(run).isBetween(1L, chunk);
                    assertThat(layout.member(at + run - 1)).isEqualTo(layout.member(at));
                    assertThat(layout.member(at + run)).isNotEqualTo(layout.member(at));
                }
            }
        }
        assertThat(new StripeLayout(1, 64).runBytes(10)).isEqualTo(Long.MAX_VALUE - 10);
    }

    @Seeded
    void i4_powersOfTwoAndDivisionAgreeFarOut(Random random) {
        for (int round = 0; round < 20_000; round++) {
            int members = 1 + random.nextInt(9);
            long chunk = random.nextBoolean() ? 1L << random.nextInt(30) : 1 + random.nextInt(1 << 30);
            StripeLayout layout = new StripeLayout(members, chunk);
            long at = random.nextLong() >>> (1 + random.nextInt(40));
            long row = at / chunk / members;
            assertThat(layout.member(at)).isEqualTo((int) (at / chunk % members));
            assertThat(layout.memberOffsetBytes(at)).isEqualTo(row * chunk + at % chunk);
            assertThat(layout.deviceOffsetBytes(layout.member(at), layout.memberOffsetBytes(at)))
                    .isEqualTo(at);
            assertThat(layout.below(layout.member(at), at)).isEqualTo(layout.memberOffsetBytes(at));
            long sum = 0;
            for (int i = 0; i < members; i++) {
                sum += layout.below(i, at);
            }
            assertThat(sum).isEqualTo(at);
        }
    }

    @Test
    void sizesAreWholeChunksAndNeverOverflowSilently() {
        StripeLayout layout = new StripeLayout(3, 4096);
        assertThat(layout.capacityBytes(4095)).isZero();
        assertThat(layout.capacityBytes(8191)).isEqualTo(3 * 4096);
        assertThat(layout.memberBytes(1)).isEqualTo(4096);
        assertThat(layout.memberBytes(3 * 4096)).isEqualTo(4096);
        assertThat(layout.memberBytes(3 * 4096 + 1)).isEqualTo(8192);
        assertThat(layout.memberBytes(0)).isZero();
        assertThatThrownBy(() -> layout.capacityBytes(Long.MAX_VALUE)).isInstanceOf(ArithmeticException.class);
        assertThat(new StripeLayout(1, 3).capacityBytes(Long.MAX_VALUE)).isEqualTo(Long.MAX_VALUE / 3 * 3);
        assertThatThrownBy(() -> new StripeLayout(0, 1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new StripeLayout(1, 0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new StripeLayout(3, Long.MAX_VALUE / 2)).isInstanceOf(IllegalArgumentException.class);
    }
}
