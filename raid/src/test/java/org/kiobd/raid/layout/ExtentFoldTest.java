package org.kiobd.raid.layout;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.kiobd.volume.ByteRange;
import org.kiobd.volume.Extent;
import org.kiobd.volume.Extent.Kind;
import org.kiobd.volume.ExtentList;
import org.kiobd.volume.testkit.Seeded;

/** Extents of members, folded, against the kind of every single byte. */
class ExtentFoldTest {
    private static final List<Kind> KINDS = List.of(Kind.HOLE, Kind.DATA, Kind.ZERO);

    private static List<Extent> runs(Kind[] kinds, int from, int to, int maxExtents) {
        ExtentList extents = new ExtentList(maxExtents);
        boolean goesOn = true;
        for (int at = from; goesOn && at < to; at++) {
            goesOn = extents.add(1, kinds[at]);
        }
        return extents.finish();
    }

    private static Kind[] random(Random random, int sizeBytes) {
        Kind[] kinds = new Kind[sizeBytes];
        int variety = 1 + random.nextInt(3);
        int longest = 1 + random.nextInt(40);
        int at = 0;
        while (at < sizeBytes) {
            Kind kind = KINDS.get(random.nextInt(variety));
            for (int left = 1 + random.nextInt(longest); left > 0 && at < sizeBytes; left--) {
                kinds[at++] = kind;
            }
        }
        return kinds;
    }

    @Seeded(rounds = 400)
    void foldedExtentsAreThoseOfTheBytes(Random random) {
        StripeLayout layout = new StripeLayout(1 + random.nextInt(5), 1 + random.nextInt(12));
        int rows = 1 + random.nextInt(8);
        int memberBytes = (int) (rows * layout.chunkBytes());
        List<Kind[]> members = new ArrayList<>();
        for (int i = 0; i < layout.members(); i++) {
            members.add(random(random, memberBytes));
        }
        int deviceBytes = memberBytes * layout.members();
        Kind[] device = new Kind[deviceBytes];
        for (int at = 0; at < deviceBytes; at++) {
            device[at] = members.get(layout.member(at))[(int) layout.memberOffsetBytes(at)];
        }
        int from = random.nextInt(deviceBytes);
        int to = from + 1 + random.nextInt(deviceBytes - from);
        int maxExtents = random.nextInt(3) == 0 ? 1 : 1 + random.nextInt(deviceBytes);
        List<List<Extent>> told = new ArrayList<>();
        for (int i = 0; i < layout.members(); i++) {
            told.add(runs(members.get(i), (int) layout.below(i, from), (int) layout.below(i, to), maxExtents));
        }
        assertThat(new ExtentFold(layout, new ByteRange(from, to - from), maxExtents, told).extents())
                .as(
                        "%d members, chunk %d, [%d,%d), at most %d",
                        layout.members(), layout.chunkBytes(), from, to, maxExtents)
                .isEqualTo(runs(device, from, to, maxExtents));
    }

    @Test
    void anExbibyteOfHoleIsOneStep() {
        StripeLayout layout = new StripeLayout(5, 4096);
        long deviceBytes = layout.capacityBytes(1L << 57);
        List<List<Extent>> told = new ArrayList<>();
        for (int i = 0; i < layout.members(); i++) {
            told.add(List.of(new Extent(layout.below(i, deviceBytes) - layout.below(i, 5000), Kind.HOLE)));
        }
        ByteRange range = new ByteRange(5000, deviceBytes - 5000);
        assertThat(new ExtentFold(layout, range, 10, told).extents())
                .containsExactly(new Extent(deviceBytes - 5000, Kind.HOLE));
    }

    @Test
    void dataInTheMiddleOfNothingIsFoundAtItsPlace() {
        StripeLayout layout = new StripeLayout(4, 65536);
        long deviceBytes = 1L << 40;
        long data = (1L << 39) + 3 * 65536 + 512;
        List<List<Extent>> told = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            long memberBytes = layout.below(i, deviceBytes);
            long start = layout.memberOffsetBytes(data);
            told.add(
                    i == layout.member(data)
                            ? List.of(
                                    new Extent(start, Kind.HOLE),
                                    new Extent(100, Kind.DATA),
                                    new Extent(memberBytes - start - 100, Kind.HOLE))
                            : List.of(new Extent(memberBytes, Kind.HOLE)));
        }
        assertThat(new ExtentFold(layout, new ByteRange(0, deviceBytes), 8192, told).extents())
                .containsExactly(
                        new Extent(data, Kind.HOLE),
                        new Extent(100, Kind.DATA),
                        new Extent(deviceBytes - data - 100, Kind.HOLE));
    }
}
