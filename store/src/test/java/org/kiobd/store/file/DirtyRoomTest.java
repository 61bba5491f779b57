package org.kiobd.store.file;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import org.junit.jupiter.api.Test;

/** The kernel's numbers as the test says; time passes when the test says so. */
class DirtyRoomTest {
    private static final long MIB = 1 << 20;
    private static final int PAGES_A_MIB = 256;
    private static final long LATER = 60_000_000;

    private long dirtyMib;
    private int looks;
    private boolean broken;
    private final DirtyRoom room = new DirtyRoom(this::vmstat);

    /** Between its thresholds of 100 and 300 MiB the kernel begins to throttle at 200. */
    private String vmstat() throws IOException {
        looks++;
        if (broken) {
            throw new IOException("no such file");
        }
        return "nr_free_pages 17\nnr_dirty " + dirtyMib * PAGES_A_MIB + "\nnr_writeback " + PAGES_A_MIB
                + "\nnr_dirtied 999999999\nnr_dirty_threshold " + 300 * PAGES_A_MIB
                + "\nnr_dirty_background_threshold " + 100 * PAGES_A_MIB + "\npgpgin 3\n";
    }

    @Test
    void writersAreLetThroughBelowTheMiddleOfTheThresholds() {
        assertThat(room.hasRoom(4096, 0)).isTrue();
        dirtyMib = 198;
        assertThat(new DirtyRoom(this::vmstat).hasRoom(4096, 0)).isTrue();
        dirtyMib = 199;
        assertThat(new DirtyRoom(this::vmstat).hasRoom(4096, 0)).isFalse();
        dirtyMib = 2000;
        assertThat(new DirtyRoom(this::vmstat).hasRoom(4096, 0)).isFalse();
    }

    @Test
    void itLooksOnceForManyWritesAndAgainWhenTheyCouldHaveUsedARoomUp() {
        for (int i = 0; i < 16; i++) {
            assertThat(room.hasRoom(MIB, i)).isTrue();
        }
        assertThat(looks).isEqualTo(1);
        assertThat(room.hasRoom(MIB, 17)).isTrue();
        assertThat(looks).isEqualTo(2);
    }

    @Test
    void aLittleRoomIsSharedWithOthersAndASingleLargeWriteDoesNotFit() {
        dirtyMib = 191;
        assertThat(room.hasRoom(2 * MIB, 0)).isTrue();
        assertThat(room.hasRoom(MIB, 1))
                .as("a quarter of 8 MiB is used up, and looked at anew")
                .isTrue();
        assertThat(room.hasRoom(3 * MIB, 2)).isFalse();
    }

    @Test
    void whereThereIsNoRoomItLooksAgainLater() {
        dirtyMib = 500;
        assertThat(room.hasRoom(4096, 0)).isFalse();
        assertThat(room.hasRoom(4096, 1)).isFalse();
        assertThat(looks).isEqualTo(1);
        dirtyMib = 0;
        assertThat(room.hasRoom(4096, 2)).isFalse();
        assertThat(room.hasRoom(4096, LATER)).isTrue();
        assertThat(looks).isEqualTo(2);
    }

    @Test
    void whoCannotLookNeverWrites() {
        broken = true;
        assertThat(room.hasRoom(4096, 0)).isFalse();
        broken = false;
        assertThat(room.hasRoom(4096, LATER)).isFalse();
        assertThat(looks).isEqualTo(1);
    }
}
