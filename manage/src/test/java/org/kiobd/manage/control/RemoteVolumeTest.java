package org.kiobd.manage.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.kiobd.manage.catalog.ServerState;
import org.kiobd.manage.figures.ConnectionTotals;
import org.kiobd.manage.figures.RequestTotals;
import org.kiobd.manage.figures.VolumeFigures;
import org.kiobd.manage.figures.VolumeTotals;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;

/** A volume in this process and the same volume through a control socket give the same answers. */
@Timeout(60)
final class RemoteVolumeTest {
    private static final VolumeFigures FIGURES = new VolumeFigures(
            new VolumeTotals(
                    "v",
                    new RequestTotals(1, 2, 3, 4, 5, 6, 7, 8, 9),
                    new ConnectionTotals(1, 2, 3),
                    4096,
                    "nio",
                    "writeback"),
            Map.of(),
            List.of(),
            List.of());

    /** Remembers its size and its snapshots. */
    private static final class Recorded implements VolumeControl {
        private long sizeBytes = 4096;
        private String snapshots = "";

        @Override
        public VolumeFigures figures() {
            return FIGURES;
        }

        @Override
        public long grow(long newSizeBytes) throws BlockIoException {
            if (newSizeBytes < sizeBytes) {
                throw new BlockIoException(IoError.INVALID, "volume=v has size=" + sizeBytes);
            }
            sizeBytes = newSizeBytes;
            return sizeBytes;
        }

        @Override
        public long snapshot(String name) {
            snapshots += name + " ";
            return 77;
        }
    }

    private final Recorded served = new Recorded();
    private Path folder = Path.of("");

    @BeforeEach
    void makeFolder() throws IOException {
        // Not a test's temporary folder: a socket's path has at most 107 bytes.
        folder = Files.createTempDirectory("ctl");
    }

    @AfterEach
    void everythingIsRemoved() throws IOException {
        Files.delete(folder);
    }

    @Test
    void answersAsTheServedVolumeDoes() throws IOException {
        try (ControlServer server = ControlServer.start(folder.resolve("s"))) {
            server.add("v", served);
            RemoteVolume remote = new RemoteVolume("v", new ServerState(1, server.path(), List.of()));
            assertThat(remote.figures()).isEqualTo(FIGURES);
            assertThat(remote.grow(1L << 40)).isEqualTo(1L << 40);
            assertThat(served.sizeBytes).isEqualTo(1L << 40);
            assertThatThrownBy(() -> remote.grow(1)).hasMessage("volume=v has size=" + (1L << 40));
            assertThat(remote.snapshot("v@one")).isEqualTo(77);
            assertThat(served.snapshots).isEqualTo("v@one ");
        }
    }

    @Test
    void aQuestionThatIsNotKnownChangesNothing() throws IOException {
        try (ControlServer server = ControlServer.start(folder.resolve("s"))) {
            server.add("v", served);
            ControlClient client = new ControlClient("v", new ServerState(1, server.path(), List.of()), 20_000);
            for (Map<String, ?> question : List.<Map<String, ?>>of(
                    Map.of("command", "shrink"),
                    Map.of("command", "resize"),
                    Map.of("command", "resize", "sizeBytes", "8192"),
                    Map.of("command", "snapshot", "name", 1),
                    Map.of())) {
                assertThatThrownBy(() -> client.ask(question)).hasMessageContaining("does not know the question");
            }
            assertThat(served.sizeBytes).isEqualTo(4096);
            assertThat(served.snapshots).isEmpty();
        }
    }

    @Test
    void anAnswerWithoutTheFigureIsAnError() throws IOException {
        try (ControlServer server = ControlServer.start(folder.resolve("s"))) {
            server.answer("v", question -> Map.of("heldMicros", "soon"));
            RemoteVolume remote = new RemoteVolume("v", new ServerState(1, server.path(), List.of()));
            assertThatThrownBy(() -> remote.snapshot("v@one"))
                    .hasMessageContaining("volume=v: its server answers heldMicros=soon");
        }
    }
}
