package org.kiobd.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetSocketAddress;
import java.net.SocketAddress;
import org.junit.jupiter.api.Test;

/** Who is let in, and who is one too many. */
final class AdmissionTest {
    private static final NbdLimits LIMITS = NbdLimits.DEFAULT.toBuilder()
            .maxConnections(4)
            .maxConnectionsPerAddress(2)
            .build();
    private static final SocketAddress ONE = new InetSocketAddress("192.0.2.1", 1000);
    private static final SocketAddress ONE_AGAIN = new InetSocketAddress("192.0.2.1", 1001);
    private static final SocketAddress OTHER = new InetSocketAddress("192.0.2.2", 1000);

    private final Admission admission = new Admission(LIMITS);

    @Test
    void anAddressHasItsLimitAndOthersHaveTheirs() {
        assertThat(admission.enter(ONE)).isNull();
        assertThat(admission.enter(ONE_AGAIN)).isNull();
        assertThat(admission.enter(ONE)).isEqualTo("maxConnectionsPerAddress=2");
        assertThat(admission.enter(OTHER)).isNull();
        admission.leave(ONE_AGAIN);
        assertThat(admission.enter(ONE)).isNull();
        assertThat(admission.connected()).isEqualTo(3);
        assertThat(admission.refusals().total()).isEqualTo(1);
    }

    @Test
    void allTogetherHaveOneAsWellAndUnixSocketsCount() {
        for (int i = 0; i < 4; i++) {
            assertThat(admission.enter(null)).isNull();
        }
        assertThat(admission.enter(OTHER)).isEqualTo("maxConnections=4");
        assertThat(admission.enter(null)).isEqualTo("maxConnections=4");
        admission.leave(null);
        assertThat(admission.enter(OTHER)).isNull();
        assertThat(admission.refusals().total()).isEqualTo(2);
    }
}
