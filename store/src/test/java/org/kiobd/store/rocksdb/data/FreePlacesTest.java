package org.kiobd.store.rocksdb.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.kiobd.volume.testkit.Seeded;

/** Places are taken once, adjacent as far as possible, and never in a file that is shared. */
final class FreePlacesTest {
    private final FreePlaces places = new FreePlaces();

    @Test
    void whatIsTakenTogetherIsAdjacent() {
        assertThat(places.take(16)).isEqualTo(new FreePlaces.Run(0, 16));
        assertThat(places.take(1)).isEqualTo(new FreePlaces.Run(16, 1));
        assertThat(places.take(1 << 20)).isEqualTo(new FreePlaces.Run(17, FreePlaces.FILE_PLACES - 17));
        assertThat(places.take(2)).isEqualTo(new FreePlaces.Run(FreePlaces.FILE_PLACES, 2));
        assertThat(places.files()).isEqualTo(2);
    }

    @Test
    void aSharedFileKeepsItsPlaces() {
        places.take(10);
        places.share(0);
        assertThat(FreePlaces.file(places.take(10).first())).isEqualTo(1);
        places.giveBack(new FreePlaces.Run(0, 10));
        places.share(1);
        assertThat(places.unshared(0)).containsExactly(new FreePlaces.Run(0, 10));
        places.punched(new FreePlaces.Run(0, 10), true);
        assertThat(FreePlaces.file(places.take(10).first())).isZero();
    }

    @Test
    void aPlaceIsFreedOnceAndBelongsToOneBlock() {
        assertThat(places.markUsed(104)).isTrue();
        assertThat(places.markUsed(104)).isFalse();
        places.giveBack(new FreePlaces.Run(104, 1));
        assertThatThrownBy(() -> places.giveBack(new FreePlaces.Run(104, 1))).hasMessageContaining("free already");
    }

    @Test
    void aPlaceOfASyncedMapIsTakenAgainAfterTheNextSyncOnly() {
        places.take(2);
        places.syncBegins();
        places.freed(new long[] {0, 1}, 1, 7, false);
        assertThat(places.waitingCount()).isEqualTo(1);
        assertThat(places.synced(6)).isEmpty();
        assertThat(places.usedCount()).isEqualTo(2);
        assertThat(places.synced(7)).isEmpty();
        assertThat(places.usedCount()).isEqualTo(1);
        FreePlaces.Run young = places.take(1);
        places.freed(new long[] {young.first()}, 1, 9, false);
        assertThat(places.usedCount()).as("no sync has seen it").isEqualTo(1);
    }

    @Test
    void whatWasTrimmedIsPunchedOutBeforeItIsFree() {
        places.take(10);
        places.freed(new long[] {8, 2, 3}, 3, 4, true);
        assertThat(places.hasTrimmed()).isTrue();
        assertThat(places.synced(4)).containsExactly(new FreePlaces.Run(2, 2), new FreePlaces.Run(8, 1));
        assertThat(places.usedCount()).isEqualTo(10);
        places.punched(new FreePlaces.Run(2, 2), true);
        assertThat(places.takeAllocated(5)).as("punched out").isNull();
        places.punched(new FreePlaces.Run(8, 1), false);
        assertThat(places.takeAllocated(5)).isEqualTo(new FreePlaces.Run(8, 1));
    }

    /** Against a model: nothing is taken twice, free places are reused before a file is added, and the count is right. */
    @Seeded(rounds = 3)
    void placesAreTakenOnceAndReused(Random random) {
        BitSet used = new BitSet();
        List<FreePlaces.Run> taken = new ArrayList<>();
        for (int i = 0; i < 20_000; i++) {
            boolean nearlyFull = used.cardinality() > FreePlaces.FILE_PLACES * 9 / 10;
            if (!nearlyFull && (taken.isEmpty() || random.nextInt(3) > 0)) {
                FreePlaces.Run run = places.take(1 + random.nextInt(64));
                for (int j = 0; j < run.count(); j++) {
                    assertThat(used.get((int) run.first() + j)).isFalse();
                }
                used.set((int) run.first(), (int) run.first() + run.count());
                taken.add(run);
            } else {
                FreePlaces.Run run = taken.remove(random.nextInt(taken.size()));
                used.clear((int) run.first(), (int) run.first() + run.count());
                places.giveBack(run);
            }
            assertThat(places.usedCount()).isEqualTo(used.cardinality());
        }
        assertThat(places.files()).isEqualTo(1);
    }
}
