package org.kiobd.store.rocksdb.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.kiobd.volume.testkit.Seeded;

/** A group that was added may be there, and no other one. */
final class StoredGroupsTest {
    private final StoredGroups groups = new StoredGroups();

    @Seeded(rounds = 3)
    void theGroupsThatWereAdded(Random random) {
        Set<Long> added = new HashSet<>();
        for (int i = 0; i < 2000; i++) {
            long group = random.nextLong() >>> (24 + random.nextInt(40));
            assertThat(groups.mayHave(group)).isEqualTo(added.contains(group));
            groups.add(group);
            added.add(group);
            assertThat(groups.mayHave(group)).isTrue();
            assertThat(groups.mayHave(group + 1)).isEqualTo(added.contains(group + 1));
        }
    }

    @Test
    void scatteredGroupsMayBeAnyInTheEnd() {
        for (long i = 0; i <= 1 << 15; i++) {
            groups.add(i << 20);
        }
        assertThat(groups.mayHave(0)).isTrue();
        assertThat(groups.mayHave(1)).isTrue();
    }

    @Test
    void anyGroup() {
        assertThat(groups.mayHave(7)).isFalse();
        groups.addAll();
        assertThat(groups.mayHave(7)).isTrue();
    }
}
