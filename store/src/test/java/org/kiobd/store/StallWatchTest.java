package org.kiobd.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Waits are counted by cause; those that overlap are one stall. */
final class StallWatchTest {
    private Instant now = Instant.ofEpochMilli(1000);
    private final StallWatch watch = new StallWatch(() -> now);

    private void pass(int ms) {
        now = now.plusMillis(ms);
    }

    @Test
    void waitsThatOverlapAreOneStall() {
        assertThat(watch.last()).isNull();
        watch.began("a sync");
        pass(1);
        watch.began("space");
        watch.ended();
        pass(20);
        assertThat(watch.last()).as("under way").isEqualTo(new StoreFigures.Stall(1000, 21));
        watch.began("a sync");
        watch.ended();
        pass(4);
        watch.ended();
        pass(5);
        assertThat(watch.last()).as("it is over").isEqualTo(new StoreFigures.Stall(1000, 25));
        assertThat(watch.causes()).isEqualTo(Map.of("a sync", 2L, "space", 1L));
    }

    @Test
    void aWaitThatIsCountedElsewhereHasNoCause() {
        watch.began();
        watch.ended();
        pass(5);
        watch.began();
        pass(2);
        watch.ended();
        assertThat(watch.last()).isEqualTo(new StoreFigures.Stall(1005, 2));
        assertThat(watch.causes()).isEmpty();
    }
}
