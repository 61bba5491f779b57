package org.kiobd.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;
import org.kiobd.nbd.client.NbdClientOptions;
import org.kiobd.nbd.client.NbdConnector;
import org.kiobd.nbd.client.NbdException;
import org.kiobd.nbd.client.NbdUri;
import org.kiobd.nbd.testkit.MemoryDevice;
import org.kiobd.nbd.testkit.RawNbdClient;
import org.kiobd.nbd.testkit.RawNbdClient.Request;
import org.kiobd.nbd.testkit.RunningServer;
import org.kiobd.volume.loop.IoEngine;
import org.kiobd.volume.testkit.LeakCheck;

/** A client beyond the limits is told so, and clients within them notice nothing. */
@ParameterizedClass
@EnumSource(IoEngine.class)
@ExtendWith(LeakCheck.class)
@Timeout(60)
final class ConnectionLimitTest {
    private static final NbdLimits LIMITS = NbdLimits.DEFAULT.toBuilder()
            .maxConnections(3)
            .maxConnectionsPerAddress(2)
            .build();

    private final RunningServer running;
    private final List<RawNbdClient> admitted = new ArrayList<>();

    ConnectionLimitTest(IoEngine engine) throws IOException {
        running = new RunningServer(engine, 2, new MemoryDevice(1 << 20), LIMITS);
    }

    @BeforeEach
    void attachAsManyAsTheAddressMay() throws IOException {
        admitted.add(RawNbdClient.attach(running.tcp()));
        admitted.add(RawNbdClient.attach(running.tcp()));
    }

    @AfterEach
    void theAdmittedNoticeNothing() throws IOException {
        for (RawNbdClient client : admitted) {
            assertThat(client.call(Request.of(RawNbdClient.FLUSH, 7, 0, 0)).errno())
                    .isZero();
            client.close();
        }
        running.close();
    }

    private static void assertRefused(URI uri, String limit) {
        assertThatThrownBy(() -> RawNbdClient.attach(uri))
                .hasMessageContaining("GO refused: type=80000002")
                .hasMessageContaining("too many connections: " + limit);
    }

    @Test
    void theReasonIsInTheReplyToGo() throws IOException {
        assertRefused(running.tcp(), "maxConnectionsPerAddress=2");
        admitted.add(RawNbdClient.attach(running.unix()));
        assertRefused(running.unix(), "maxConnections=3");
        assertThat(running.server().connections()).isEqualTo(3);
        assertThat(running.server().refusedConnections()).isEqualTo(2);
    }

    @Test
    void ourClientShowsTheReason() {
        NbdUri uri = NbdUri.parse(running.tcp().toString());
        NbdConnector connector = new NbdConnector(running.loops(), uri, NbdClientOptions.DEFAULT);
        assertThatThrownBy(() ->
                        connector.connect().orTimeout(60, TimeUnit.SECONDS).join())
                .hasCauseInstanceOf(NbdException.class)
                .hasMessageContaining("NBD_REP_ERR_POLICY")
                .hasMessageContaining("maxConnectionsPerAddress=2");
    }

    @Test
    void aPlaceThatBecomesFreeIsGivenToTheNextClient() throws Exception {
        assertRefused(running.tcp(), "maxConnectionsPerAddress=2");
        admitted.remove(0).close();
        long deadlineNanos = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (running.server().connections() > 1 && System.nanoTime() < deadlineNanos) {
            Thread.onSpinWait();
        }
        admitted.add(RawNbdClient.attach(running.tcp()));
    }

    @Test
    void refusedClientsThatSayNothingHoldNoMoreThanAFewPlaces() throws IOException {
        List<RawNbdClient> silent = new ArrayList<>();
        try {
            for (int i = 0; i < Refusals.MAX_ANSWERS; i++) {
                RawNbdClient client = RawNbdClient.connect(running.tcp());
                silent.add(client);
                client.greet(3);
            }
            try (RawNbdClient oneMore = RawNbdClient.connect(running.tcp())) {
                assertThat(oneMore.isCutOff()).isTrue();
            }
            // Such clients take no place from those who are within the limits.
            admitted.add(RawNbdClient.attach(running.unix()));
            assertThat(running.server().refusedConnections()).isEqualTo(Refusals.MAX_ANSWERS + 1);
        } finally {
            for (RawNbdClient client : silent) {
                client.close();
            }
        }
    }
}
