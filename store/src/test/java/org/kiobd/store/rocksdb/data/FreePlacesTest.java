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
        places.shared(0, true);
        assertThat(FreePlaces.file(places.take(10).first())).isEqualTo(1);
        places.free(0, 10);
        places.shared(1, true);
        places.shared(0, false);
        assertThat(FreePlaces.file(places.take(10).first())).isZero();
    }

    @Test
    void aPlaceIsFreedOnceAndBelongsToOneBlock() {
        places.markUsed(100, 5);
        assertThatThrownBy(() -> places.markUsed(104, 1)).hasMessageContaining("place=104");
        places.free(100, 5);
        assertThatThrownBy(() -> places.free(102, 1)).hasMessageContaining("free already");
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
                places.free(run.first(), run.count());
            }
            assertThat(places.freeCount())
                    .isEqualTo((long) places.files() * FreePlaces.FILE_PLACES - used.cardinality());
        }
        assertThat(places.files()).isEqualTo(1);
    }
}
