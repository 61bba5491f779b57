package org.kiobd.it.clients;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.kiobd.it.kit.RunLength;
import org.kiobd.it.kit.ServedVolume;
import org.kiobd.it.kit.ServedVolume.Shape;
import org.kiobd.nbd.testkit.RawNbdClient;
import org.kiobd.nbd.testkit.RawNbdClient.Request;

/**
 * Every field of the handshake and of every request at its extremes, one by one against the real process. Each conversation is answered
 * as the specification says or cut off, within a limit; after each one a bystander that was connected all along still reads what it
 * wrote; and in the end the server has said nothing about errors and all its memory is back in the pool.
 */
@ParameterizedClass(name = "{0}")
@MethodSource("engines")
@Tag("one-lane")
@Timeout(60)
final class CorpusIT {
    static final long SIZE = 16L << 20;

    /** The conversations write at the very beginning and at the very end of the volume. */
    private static final long BYSTANDER_AT = SIZE / 2;

    @TempDir
    private static Path folder;

    private static @Nullable ServedVolume served;
    private static @Nullable RawNbdClient bystander;
    private static byte[] bystandersData = new byte[0];

    private final String engine;

    CorpusIT(String engine) {
        this.engine = engine;
    }

    @BeforeParameterizedClassInvocation
    static void serve(String engine) throws IOException {
        served = ServedVolume.start(Files.createDirectory(folder.resolve(engine)), Shape.STRIPED, engine, SIZE);
        bystander = RawNbdClient.attach(URI.create(served.server().unixUri()));
        bystandersData = new byte[8192];
        new Random(28).nextBytes(bystandersData);
    }

    private static RawNbdClient bystander() {
        if (bystander == null) {
            throw new IllegalStateException("no bystander");
        }
        return bystander;
    }

    private static ServedVolume served() {
        if (served == null) {
            throw new IllegalStateException("nothing is served");
        }
        return served;
    }

    @AfterEach
    void bystanderNoticesNothing() throws IOException {
        // What a conversation zeroed or trimmed as a whole was its right: so it writes each time.
        bystander().send(Request.write(1, BYSTANDER_AT, bystandersData));
        assertThat(bystander().readReply().errno()).isZero();
        assertThat(bystander().read(BYSTANDER_AT, bystandersData.length)).isEqualTo(bystandersData);
    }

    @AfterParameterizedClassInvocation
    static void stop() throws IOException {
        try (RawNbdClient client = bystander();
                ServedVolume ending = served()) {
            client.send(Request.of(RawNbdClient.DISC, 0, 0, 0));
            assertThat(client.isCutOff()).isTrue();
            assertThat(ending.server().stop()).containsEntry("poolReservedBytes", 0L);
            assertThat(ending.server().log())
                    .as("who was cut off was so for what it said")
                    .doesNotContain("handshake took longer");
        }
    }

    /** The engine has no part in the decoding; {@link BadInputIT} has malformed input for both. */
    static Stream<String> engines() {
        return RunLength.of(List.of("io_uring"), "epoll");
    }

    static Stream<Conversation> conversations() {
        return Stream.of(
                        "greeting",
                        "option-headers",
                        "options-without-data",
                        "info-and-go",
                        "meta-contexts",
                        "request-headers",
                        "request-flags",
                        "request-ranges",
                        "payloads")
                .flatMap(chapter -> Conversation.of(chapter).stream());
    }

    @ParameterizedTest
    @MethodSource("conversations")
    void isAnsweredOrCutOff(Conversation conversation) throws IOException {
        assertThat(served().server().isAlive()).as("server over %s", engine).isTrue();
        conversation.play(served().server().unixUri());
    }
}
