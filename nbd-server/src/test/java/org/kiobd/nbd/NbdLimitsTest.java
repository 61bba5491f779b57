package org.kiobd.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

/** The limits of a server, and the memory they need. */
final class NbdLimitsTest {
    @Test
    void aBuilderChangesWhatItIsToldAndNothingElse() {
        NbdLimits all = new NbdLimits(1, 2, 3, 4, 5, 6, 7, 64, 65, 8);
        assertThat(all.toBuilder().build()).isEqualTo(all);
        assertThat(all.toBuilder()
                        .handshakeTimeoutMs(11)
                        .options(12, 13)
                        .maxConnections(14)
                        .maxConnectionsPerAddress(15)
                        .maxInFlight(16, 17)
                        .receiveBytes(164, 165)
                        .closeTimeoutMs(18)
                        .build())
                .isEqualTo(new NbdLimits(11, 12, 13, 14, 15, 16, 17, 164, 165, 18));
        assertThat(NbdLimits.DEFAULT.toBuilder().maxConnections(7).build())
                .isEqualTo(new NbdLimits(10_000, 64 << 10, 256, 7, 256, 4096, 128L << 20, 4 << 10, 256 << 10, 30_000));
        assertThatThrownBy(() -> all.toBuilder().maxConnections(0).build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("maxConnections=0");
    }

    @Test
    void eachConnectionNeedsItsShareOfMemory() {
        assertThat(withConnections(1024).minPoolBytes()).isEqualTo(40L << 20);
        assertThat(withConnections(4096).minPoolBytes()).isEqualTo(160L << 20);
        assertThat(withConnections(1).minPoolBytes()).isEqualTo(512L << 10);
    }

    private static NbdLimits withConnections(int connections) {
        return NbdLimits.DEFAULT.toBuilder().maxConnections(connections).build();
    }
}
