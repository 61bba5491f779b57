package org.kiobd.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** What refused clients cost a server. */
final class RefusalsTest {
    private final Refusals refusals = new Refusals();

    @Test
    void aBurstIsLoggedOnceHoweverLongItTakes() {
        long now = Long.MAX_VALUE - 5;
        assertThat(refusals.logs("maxConnections=4", now)).isTrue();
        for (int i = 0; i < 100; i++) {
            now += Refusals.CALM_NANOS;
            assertThat(refusals.logs("maxConnections=4", now)).isFalse();
        }
        assertThat(refusals.logs("maxConnections=4", now + Refusals.CALM_NANOS + 1))
                .isTrue();
    }

    @Test
    void eachLimitHasItsOwnBursts() {
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
