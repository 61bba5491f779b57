package org.kiobd.store.rocksdb.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Deque;
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

    /** Space that is there already is used before new space is, unless it is in pieces and there is less of it than of data. */
    @Test
    void spareSpaceIsTakenFirst() {
        int half = FreePlaces.FILE_PLACES / 2;
        places.take(half);
        places.giveBack(new FreePlaces.Run(1000, 8192));
        assertThat(places.spareCount()).isEqualTo(8192);
        assertThat(places.take(100)).isEqualTo(new FreePlaces.Run(1000, 100));
        assertThat(places.take(100)).isEqualTo(new FreePlaces.Run(1100, 100));
        assertThat(places.spareCount()).isEqualTo(7992);
        assertThat(places.take(7992)).isEqualTo(new FreePlaces.Run(1200, 7992));
        assertThat(places.take(100)).as("little is spare").isEqualTo(new FreePlaces.Run(half, 100));
        for (int at = 10_000; at < 32_400; at += 2) {
            places.giveBack(new FreePlaces.Run(at, 1));
        }
        assertThat(places.take(32)).as("in pieces").isEqualTo(new FreePlaces.Run(half + 100, 32));
        for (int at = 10_001; at < 32_400; at += 4) {
            places.giveBack(new FreePlaces.Run(at, 1));
        }
        FreePlaces.Run piece = places.take(32);
        assertThat(piece.first()).as("as much as is used").isLessThan(half);
        assertThat(piece.count()).isEqualTo(3);
    }

    /** However scattered the first free places are, those after them are found before files are added without end. */
    @Test
    void filesAreAddedForScatteredPlacesOnlyToABound() {
        places.take(16_000);
        for (int at = 0; at < 8000; at += 2) {
            places.giveBack(new FreePlaces.Run(at, 1));
        }
        Deque<FreePlaces.Run> taken = new ArrayDeque<>();
        for (int i = 0; i < 30_000; i++) {
            taken.add(places.take(16));
            if (taken.size() > 100) {
                places.giveBack(taken.remove());
            }
        }
        assertThat(places.files()).isLessThanOrEqualTo(2);
    }

    @Test
    void allPlacesOfAFileAreUsedAndFreed() {
        places.take(FreePlaces.FILE_PLACES);
        assertThat(places.spareCount()).isZero();
        places.take(5);
        places.punched(new FreePlaces.Run(0, 10), true);
        places.giveBack(new FreePlaces.Run(20, 10));
        assertThat(places.spareCount()).isEqualTo(10);
        assertThat(places.usedCount()).isEqualTo(FreePlaces.FILE_PLACES - 15L);
        assertThat(places.takeAllocated(20)).isEqualTo(new FreePlaces.Run(20, 10));
        assertThat(places.takeAllocated(20)).isNull();
        FreePlaces another = new FreePlaces();
        another.take(FreePlaces.FILE_PLACES);
        assertThat(another.takeAllocated(1)).as("files share nothing").isNull();
    }

    @Test
    void spareSpaceIsGivenBack() {
        places.take(1000);
        places.giveBack(new FreePlaces.Run(100, 50));
        places.giveBack(new FreePlaces.Run(300, 50));
        assertThat(places.spare(0, 70)).containsExactly(new FreePlaces.Run(100, 50), new FreePlaces.Run(300, 20));
        assertThat(places.spareCount()).isEqualTo(30);
        places.punched(new FreePlaces.Run(100, 50), true);
        places.punched(new FreePlaces.Run(300, 20), false);
        assertThat(places.spareCount()).isEqualTo(50);
        assertThat(places.usedCount()).isEqualTo(900);
        places.share(0);
        assertThat(places.spareCount()).as("in a shared file").isZero();
        assertThat(places.unshared(0)).containsExactly(new FreePlaces.Run(300, 50));
        places.punched(new FreePlaces.Run(300, 50), true);
        assertThat(places.spareCount()).isZero();
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

    /** Against a model: nothing is taken twice, what takes space is at most twice what is used, and the counts are right. */
    @Seeded(rounds = 3)
    void placesAreTakenOnceAndReused(Random random) {
        BitSet used = new BitSet();
        int mostUsed = 0;
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
            mostUsed = Math.max(mostUsed, used.cardinality());
            assertThat(places.usedCount() + places.spareCount()).isLessThan(2L * mostUsed + 4200);
        }
        assertThat(places.files()).isLessThanOrEqualTo(2);
    }
}
