package org.kiobd.it.clients;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kiobd.nbd.testkit.RawNbdClient.CACHE;
import static org.kiobd.nbd.testkit.RawNbdClient.EINVAL;
import static org.kiobd.nbd.testkit.RawNbdClient.ENOSPC;
import static org.kiobd.nbd.testkit.RawNbdClient.EPERM;
import static org.kiobd.nbd.testkit.RawNbdClient.FLAG_FUA;
import static org.kiobd.nbd.testkit.RawNbdClient.FLAG_NO_HOLE;
import static org.kiobd.nbd.testkit.RawNbdClient.FLUSH;
import static org.kiobd.nbd.testkit.RawNbdClient.READ;
import static org.kiobd.nbd.testkit.RawNbdClient.TRIM;
import static org.kiobd.nbd.testkit.RawNbdClient.WRITE;
import static org.kiobd.nbd.testkit.RawNbdClient.WRITE_ZEROES;

import java.io.EOFException;
import java.io.IOException;
import java.net.SocketException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;
import org.kiobd.it.kit.KiobdServer;
import org.kiobd.it.kit.ServedVolume;
import org.kiobd.it.kit.ServedVolume.Shape;
import org.kiobd.nbd.testkit.RawNbdClient;
import org.kiobd.nbd.testkit.RawNbdClient.Request;

/**
 * What hostile and broken clients send to the real process. Each is answered as the specification says, or cut off; a bystander that
 * was connected all along never notices; and when the server ends, all its memory is back in the pool.
 */
@ParameterizedClass(name = "{0}")
@ValueSource(strings = {"io_uring", "epoll"})
@Timeout(60)
final class BadInputIT {
    private static final long SIZE = 16L << 20;
    private static final int COMMAND_WITHOUT_NAME = 99;
    private static final int BLOCK_STATUS = 7;
    private static final int UNKNOWN_FLAG = 1 << 9;
    private static final int EOVERFLOW = 75;
    private static final int CLAIM_4_GIB = -1;
    private static final long BYSTANDER_AT = SIZE - 8192;

    private final String engine;

    @TempDir
    private static Path folder;

    private static @Nullable ServedVolume served;
    private static @Nullable RawNbdClient bystander;
    private static byte[] bystandersData = new byte[0];

    BadInputIT(String engine) {
        this.engine = engine;
    }

    @BeforeParameterizedClassInvocation
    static void serve(String engine) throws IOException {
        served = ServedVolume.start(Files.createDirectory(folder.resolve(engine)), Shape.STRIPED, engine, SIZE);
        bystander = RawNbdClient.attach(URI.create(uri()));
        bystandersData = new byte[8192];
        new Random(7).nextBytes(bystandersData);
        bystander.send(Request.write(1, BYSTANDER_AT, bystandersData));
        assertThat(bystander.readReply().errno()).isZero();
    }

    @AfterEach
    void bystanderNoticesNothing() throws IOException {
        assertThat(client(bystander).read(BYSTANDER_AT, bystandersData.length)).isEqualTo(bystandersData);
    }

    @AfterParameterizedClassInvocation
    static void stop() throws IOException {
        try (RawNbdClient client = client(bystander);
                ServedVolume ending = served()) {
            client.send(Request.of(RawNbdClient.DISC, 0, 0, 0));
            assertThat(client.isCutOff()).isTrue();
            assertThat(ending.server().stop()).containsEntry("poolReservedBytes", 0L);
        }
    }

    private static RawNbdClient client(@Nullable RawNbdClient client) {
        if (client == null) {
            throw new IllegalStateException("no bystander");
        }
        return client;
    }

    private static ServedVolume served() {
        if (served == null) {
            throw new IllegalStateException("nothing is served");
        }
        return served;
    }

    private static String uri() {
        return served().server().unixUri();
    }

    @Test
    void rule9_requestsOutsideTheDeviceGetTheirErrno() throws IOException {
        try (RawNbdClient client = RawNbdClient.attach(URI.create(uri()))) {
            for (long offset : new long[] {SIZE, SIZE - 511, 1L << 62, Long.MAX_VALUE, Long.MIN_VALUE, -1, -512}) {
                assertThat(client.errnoOf(READ, 0, offset, 512))
                        .as("READ offset=%d", offset)
                        .isEqualTo(EINVAL);
                assertThat(client.errnoOf(TRIM, 0, offset, 512))
                        .as("TRIM offset=%d", offset)
                        .isEqualTo(EINVAL);
                assertThat(client.errnoOf(CACHE, 0, offset, 512))
                        .as("CACHE offset=%d", offset)
                        .isEqualTo(EINVAL);
                assertThat(client.errnoOf(WRITE, 0, offset, 512))
                        .as("WRITE offset=%d", offset)
                        .isIn(ENOSPC, EINVAL);
                assertThat(client.errnoOf(WRITE_ZEROES, 0, offset, 512))
                        .as("WRITE_ZEROES offset=%d", offset)
                        .isIn(ENOSPC, EINVAL);
            }
            assertThat(client.errnoOf(WRITE, 0, SIZE, 512)).isEqualTo(ENOSPC);
            assertThat(client.errnoOf(WRITE, 0, SIZE - 511, 512)).isEqualTo(ENOSPC);
            assertThat(client.errnoOf(WRITE_ZEROES, 0, SIZE - 511, 512)).isEqualTo(ENOSPC);
        }
    }

    @Test
    void hugeLengthsAreRefusedWithoutBeingAllocated() throws IOException {
        try (RawNbdClient client = RawNbdClient.attach(URI.create(uri()))) {
            assertThat(client.errnoOf(READ, 0, 0, CLAIM_4_GIB)).isIn(EINVAL, EOVERFLOW);
            assertThat(client.errnoOf(READ, 0, 0, (64 << 20) + 1)).isIn(EINVAL, EOVERFLOW);
            assertThat(client.errnoOf(TRIM, 0, 0, CLAIM_4_GIB)).isEqualTo(EINVAL);
            assertThat(client.errnoOf(WRITE_ZEROES, 0, 0, CLAIM_4_GIB)).isEqualTo(ENOSPC);
        }
        for (int length : new int[] {CLAIM_4_GIB, (64 << 20) + 1, Integer.MIN_VALUE}) {
            try (RawNbdClient client = RawNbdClient.attach(URI.create(uri()))) {
                client.send(Request.of(WRITE, 1, 0, length));
                assertThat(errorOrCut(client)).as("WRITE length=%d", length).isNotZero();
            }
        }
    }

    /** Sends some payload behind a header. Who is cut off for the header hears of it when it sends, or when it reads. */
    private static int errorOrCut(RawNbdClient client) throws IOException {
        try {
            client.send(ByteBuffer.allocate(1000));
            client.shutdownOutput();
        } catch (IOException e) {
            return EINVAL;
        }
        try {
            return client.readReply().errno();
        } catch (EOFException | SocketException e) {
            // Cut off: with bytes of ours unread it is a reset.
            return EINVAL;
        }
    }

    @Test
    void unalignedRequestsWork() throws IOException {
        try (RawNbdClient client = RawNbdClient.attach(URI.create(uri()))) {
            byte[] odd = {1, 2, 3, 4, 5, 6, 7};
            client.send(Request.write(5, 4093, odd).withFlags(FLAG_FUA));
            assertThat(client.readReply().errno()).isZero();
            assertThat(client.read(4093, 7)).isEqualTo(odd);
            assertThat(client.errnoOf(WRITE_ZEROES, 0, 4095, 3)).isZero();
            assertThat(client.read(4093, 7)).isEqualTo(new byte[] {1, 2, 0, 0, 0, 6, 7});
            assertThat(client.errnoOf(TRIM, 0, 4093, 7)).isZero();
        }
    }

    @Test
    void unknownCommandsAndFlagsAreInvalidAndTheStreamStaysInStep() throws IOException {
        try (RawNbdClient client = RawNbdClient.attach(URI.create(uri()))) {
            assertThat(client.errnoOf(COMMAND_WITHOUT_NAME, 0, 0, 512)).isEqualTo(EINVAL);
            assertThat(client.errnoOf(BLOCK_STATUS, 0, 0, 512))
                    .as("not negotiated")
                    .isEqualTo(EINVAL);
            for (int known : new int[] {READ, FLUSH, TRIM, CACHE, WRITE_ZEROES}) {
                int length = known == FLUSH ? 0 : 512;
                assertThat(client.errnoOf(known, UNKNOWN_FLAG, 0, length))
                        .as("command=%d", known)
                        .isEqualTo(EINVAL);
            }
            assertThat(client.errnoOf(WRITE, UNKNOWN_FLAG, 0, 512)).isEqualTo(EINVAL);
            assertThat(client.errnoOf(WRITE, FLAG_NO_HOLE, 0, 512)).isEqualTo(EINVAL);
            assertThat(client.errnoOf(TRIM, FLAG_NO_HOLE, 0, 512)).isEqualTo(EINVAL);
            // FUA may stand everywhere, and here too it has to be taken.
            assertThat(client.errnoOf(FLUSH, FLAG_FUA, 0, 0)).isZero();
            assertThat(client.errnoOf(CACHE, FLAG_FUA, 0, 512)).isZero();
            assertThat(client.errnoOf(TRIM, FLAG_FUA, 0, 512)).isZero();
        }
    }

    @Test
    void rule9_lengthZeroIsAnswered() throws IOException {
        try (RawNbdClient client = RawNbdClient.attach(URI.create(uri()))) {
            for (int command : new int[] {READ, TRIM, CACHE, WRITE_ZEROES}) {
                assertThat(client.errnoOf(command, 0, 0, 0))
                        .as("command=%d", command)
                        .isIn(0, EINVAL);
            }
            assertThat(client.errnoOf(WRITE, 0, 0, 0)).isIn(0, EINVAL);
        }
    }

    @Test
    void garbageInsteadOfARequestCutsTheConnection() throws IOException {
        try (RawNbdClient client = RawNbdClient.attach(URI.create(uri()))) {
            client.send(ByteBuffer.wrap(new byte[28]));
            assertThat(client.isCutOff()).isTrue();
        }
    }

    @Test
    void garbageInsteadOfAHandshakeCutsTheConnection() throws IOException {
        Random random = new Random(28);
        for (int i = 0; i < 50; i++) {
            try (RawNbdClient client = RawNbdClient.connect(URI.create(uri()))) {
                byte[] garbage = new byte[1 + random.nextInt(200)];
                random.nextBytes(garbage);
                garbage[0] |= (byte) 0x80;
                client.receive(18);
                client.send(ByteBuffer.wrap(garbage));
                client.shutdownOutput();
                assertThat(client.isCutOff()).isTrue();
            }
        }
        try (RawNbdClient client = RawNbdClient.connect(URI.create(uri()))) {
            client.greet(RawNbdClient.CLIENT_FLAGS);
            client.send(ByteBuffer.wrap("GET / HTTP/1.1\r\n\r\n".getBytes(java.nio.charset.StandardCharsets.US_ASCII)));
            assertThat(client.isCutOff()).isTrue();
        }
    }

    @Test
    void anOptionThatClaims4GibIsRefusedOrCutOff() throws IOException {
        for (int option : new int[] {RawNbdClient.OPT_GO, 3, 12345}) {
            try (RawNbdClient client = RawNbdClient.connect(URI.create(uri()))) {
                client.greet(RawNbdClient.CLIENT_FLAGS);
                // The rest never comes: who waits for it, or makes room for it, fails here.
                client.option(option, CLAIM_4_GIB, new byte[100]);
                boolean refused;
                try {
                    refused = client.readOptionReply().type() < 0;
                } catch (IOException e) {
                    refused = true;
                }
                assertThat(refused).as("option=%d", option).isTrue();
            }
        }
    }

    @Test
    void aClientThatGoesAwayAtAnyByteOfAWriteWritesNothing() throws IOException {
        int payload = 64;
        byte[] before = new byte[payload];
        Arrays.fill(before, (byte) 0x11);
        try (RawNbdClient client = RawNbdClient.attach(URI.create(uri()))) {
            client.send(Request.write(1, 0, before));
            assertThat(client.readReply().errno()).isZero();
        }
        byte[] message = RawNbdClient.putRequest(ByteBuffer.allocate(28 + payload), WRITE, 2, 0, payload)
                .array();
        Arrays.fill(message, 28, message.length, (byte) 0x22);
        for (int cut = 0; cut < message.length; cut++) {
            try (RawNbdClient client = RawNbdClient.attach(URI.create(uri()))) {
                client.send(ByteBuffer.wrap(message, 0, cut));
            }
        }
        try (RawNbdClient client = RawNbdClient.attach(URI.create(uri()))) {
            assertThat(client.read(0, payload)).isEqualTo(before);
        }
    }

    @Test
    void i5_aClientThatGoesAwayInALargeWriteGivesItsMemoryBack() throws IOException {
        // 24 times 64 MiB claimed: a server that kept any of it could not go on serving 64 MiB requests.
        for (int i = 0; i < 24; i++) {
            try (RawNbdClient client = RawNbdClient.attach(URI.create(uri()))) {
                client.send(Request.of(WRITE, 3, 0, (int) SIZE));
                client.send(ByteBuffer.allocate(1 << 20));
            }
        }
        try (RawNbdClient client = RawNbdClient.attach(URI.create(uri()))) {
            assertThat(client.read(0, (int) BYSTANDER_AT)).hasSize((int) BYSTANDER_AT);
        }
    }

    @Test
    void aClientThatAsksAndNeverReadsHarmsNobody() throws IOException {
        try (RawNbdClient client = RawNbdClient.attach(URI.create(uri()))) {
            for (int i = 0; i < 200; i++) {
                client.send(Request.of(READ, i, 0, 1 << 20));
            }
            bystanderNoticesNothing();
        }
    }

    @Test
    void aReadOnlyExportRefusesEveryMutation() throws IOException {
        Path image = Files.write(folder.resolve(engine + "-ro.img"), new byte[1 << 20]);
        try (KiobdServer server = KiobdServer.in(folder.resolve("ro-home-" + engine))
                        .start(
                                "serve",
                                "--raw",
                                image.toString(),
                                "--engine",
                                engine,
                                "--listen",
                                "127.0.0.1:0",
                                "--read-only");
                RawNbdClient client = RawNbdClient.attach(URI.create(server.tcpUri()))) {
            assertThat(client.transmissionFlags() & 2).as("NBD_FLAG_READ_ONLY").isEqualTo(2);
            assertThat(client.errnoOf(WRITE, 0, 0, 512)).isEqualTo(EPERM);
            assertThat(client.errnoOf(TRIM, 0, 0, 512)).isEqualTo(EPERM);
            assertThat(client.errnoOf(WRITE_ZEROES, 0, 0, 512)).isEqualTo(EPERM);
            assertThat(client.errnoOf(FLUSH, 0, 0, 0)).isZero();
            assertThat(client.read(0, 512)).isEqualTo(new byte[512]);
        }
        assertThat(Files.readAllBytes(image)).isEqualTo(new byte[1 << 20]);
    }
}
