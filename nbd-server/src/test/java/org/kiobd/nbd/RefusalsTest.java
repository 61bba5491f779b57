package org.kiobd.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** What refused clients cost a server. */
final class RefusalsTest {
    private final Refusals refusals = new Refusals();

    @Test
    void aLimitThatGoesOnRefusingIsLoggedEveryTenSeconds() {
        long startNanos = Long.MAX_VALUE - 5;
        int lines = 0;
        for (int second = 0; second < 100; second++) {
            lines += refusals.logs("maxConnections=4", startNanos + TimeUnit.SECONDS.toNanos(second)) ? 1 : 0;
        }
        assertThat(lines).isEqualTo(10);
    }

    @Test
    void eachLimitHasItsOwnLines() {
        assertThat(refusals.logs("maxConnectionsPerAddress=2", 0)).isTrue();
        assertThat(refusals.logs("maxConnections=4", 1)).isTrue();
        assertThat(refusals.logs("maxConnectionsPerAddress=2", 2)).isFalse();
    }

    @Test
    void onlyAFewClientsAtATimeAreToldTheReason() {
        for (int i = 0; i < Refusals.MAX_ANSWERS; i++) {
            assertThat(refusals.beginAnswer()).isTrue();
        }
        assertThat(refusals.beginAnswer()).isFalse();
        refusals.endAnswer();
        assertThat(refusals.beginAnswer()).isTrue();
    }
}
