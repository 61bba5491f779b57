package org.kiobd.it.clients;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kiobd.it.clients.RawNbd.CACHE;
import static org.kiobd.it.clients.RawNbd.EINVAL;
import static org.kiobd.it.clients.RawNbd.ENOSPC;
import static org.kiobd.it.clients.RawNbd.EPERM;
import static org.kiobd.it.clients.RawNbd.FLAG_FUA;
import static org.kiobd.it.clients.RawNbd.FLAG_NO_HOLE;
import static org.kiobd.it.clients.RawNbd.FLUSH;
import static org.kiobd.it.clients.RawNbd.READ;
import static org.kiobd.it.clients.RawNbd.TRIM;
import static org.kiobd.it.clients.RawNbd.WRITE;
import static org.kiobd.it.clients.RawNbd.WRITE_ZEROES;
import static org.kiobd.it.clients.RawNbd.command;

import java.io.EOFException;
import java.io.IOException;
import java.net.SocketException;
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
import org.kiobd.it.clients.ServedVolume.Shape;

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
    private static @Nullable RawNbd bystander;
    private static byte[] bystandersData = new byte[0];

    BadInputIT(String engine) {
        this.engine = engine;
    }

    @BeforeParameterizedClassInvocation
    static void serve(String engine) throws IOException {
        served = ServedVolume.start(Files.createDirectory(folder.resolve(engine)), Shape.STRIPED, engine, SIZE);
        bystander = RawNbd.attach(uri());
        bystandersData = new byte[8192];
        new Random(7).nextBytes(bystandersData);
        bystander.write(0, 1, BYSTANDER_AT, bystandersData);
        assertThat(bystander.readReply().error()).isZero();
    }

    @AfterEach
    void bystanderNoticesNothing() throws IOException {
        assertThat(client(bystander).read(BYSTANDER_AT, bystandersData.length)).isEqualTo(bystandersData);
    }

    @AfterParameterizedClassInvocation
    static void stop() throws IOException {
        try (RawNbd client = client(bystander);
                ServedVolume ending = served()) {
            client.request(command(RawNbd.DISC, 0), 0, 0, 0);
            assertThat(client.isCutOff()).isTrue();
            assertThat(ending.server().stop()).containsEntry("poolReservedBytes", 0L);
        }
    }

    private static RawNbd client(@Nullable RawNbd client) {
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
    void requestsOutsideTheDeviceGetTheirErrno() throws IOException {
        try (RawNbd client = RawNbd.attach(uri())) {
            for (long offset : new long[] {SIZE, SIZE - 511, 1L << 62, Long.MAX_VALUE, Long.MIN_VALUE, -1, -512}) {
                assertThat(client.errorOf(READ, offset, 512))
                        .as("READ offset=%d", offset)
                        .isEqualTo(EINVAL);
                assertThat(client.errorOf(TRIM, offset, 512))
                        .as("TRIM offset=%d", offset)
                        .isEqualTo(EINVAL);
                assertThat(client.errorOf(CACHE, offset, 512))
                        .as("CACHE offset=%d", offset)
                        .isEqualTo(EINVAL);
                assertThat(client.errorOfWrite(0, offset, 512))
                        .as("WRITE offset=%d", offset)
                        .isIn(ENOSPC, EINVAL);
                assertThat(client.errorOf(WRITE_ZEROES, offset, 512))
                        .as("WRITE_ZEROES offset=%d", offset)
                        .isIn(ENOSPC, EINVAL);
            }
            assertThat(client.errorOfWrite(0, SIZE, 512)).isEqualTo(ENOSPC);
            assertThat(client.errorOfWrite(0, SIZE - 511, 512)).isEqualTo(ENOSPC);
            assertThat(client.errorOf(WRITE_ZEROES, SIZE - 511, 512)).isEqualTo(ENOSPC);
        }
    }

    @Test
    void hugeLengthsAreRefusedWithoutBeingAllocated() throws IOException {
        try (RawNbd client = RawNbd.attach(uri())) {
            assertThat(client.errorOf(READ, 0, CLAIM_4_GIB)).isIn(EINVAL, EOVERFLOW);
            assertThat(client.errorOf(READ, 0, (64 << 20) + 1)).isIn(EINVAL, EOVERFLOW);
            assertThat(client.errorOf(TRIM, 0, CLAIM_4_GIB)).isEqualTo(EINVAL);
            assertThat(client.errorOf(WRITE_ZEROES, 0, CLAIM_4_GIB)).isEqualTo(ENOSPC);
        }
        for (int length : new int[] {CLAIM_4_GIB, (64 << 20) + 1, Integer.MIN_VALUE}) {
            try (RawNbd client = RawNbd.attach(uri())) {
                client.request(WRITE, 1, 0, length);
                assertThat(errorOrCut(client)).as("WRITE length=%d", length).isNotZero();
            }
        }
    }

    /** Sends some payload behind a header. Who is cut off for the header hears of it when it sends, or when it reads. */
    private static int errorOrCut(RawNbd client) throws IOException {
        try {
            client.send(ByteBuffer.allocate(1000));
            client.shutdownOutput();
        } catch (IOException e) {
            return EINVAL;
        }
        try {
            return client.readReply().error();
        } catch (EOFException | SocketException e) {
            // Cut off: with bytes of ours unread it is a reset.
            return EINVAL;
        }
    }

    @Test
    void unalignedRequestsWork() throws IOException {
        try (RawNbd client = RawNbd.attach(uri())) {
            byte[] odd = {1, 2, 3, 4, 5, 6, 7};
            client.write(FLAG_FUA, 5, 4093, odd);
            assertThat(client.readReply().error()).isZero();
            assertThat(client.read(4093, 7)).isEqualTo(odd);
            assertThat(client.errorOf(WRITE_ZEROES, 4095, 3)).isZero();
            assertThat(client.read(4093, 7)).isEqualTo(new byte[] {1, 2, 0, 0, 0, 6, 7});
            assertThat(client.errorOf(TRIM, 4093, 7)).isZero();
        }
    }

    @Test
    void unknownCommandsAndFlagsAreInvalidAndTheStreamStaysInStep() throws IOException {
        try (RawNbd client = RawNbd.attach(uri())) {
            assertThat(client.errorOf(COMMAND_WITHOUT_NAME, 0, 512)).isEqualTo(EINVAL);
            assertThat(client.errorOf(BLOCK_STATUS, 0, 512))
                    .as("not negotiated")
                    .isEqualTo(EINVAL);
            for (int known : new int[] {READ, FLUSH, TRIM, CACHE, WRITE_ZEROES}) {
                int length = known == FLUSH ? 0 : 512;
                assertThat(client.errorOf(command(known, UNKNOWN_FLAG), 0, length))
                        .as("command=%d", known)
                        .isEqualTo(EINVAL);
            }
            assertThat(client.errorOfWrite(UNKNOWN_FLAG, 0, 512)).isEqualTo(EINVAL);
            assertThat(client.errorOfWrite(FLAG_NO_HOLE, 0, 512)).isEqualTo(EINVAL);
            assertThat(client.errorOf(command(TRIM, FLAG_NO_HOLE), 0, 512)).isEqualTo(EINVAL);
            // FUA may stand everywhere, and here too it has to be taken.
            assertThat(client.errorOf(command(FLUSH, FLAG_FUA), 0, 0)).isZero();
            assertThat(client.errorOf(command(CACHE, FLAG_FUA), 0, 512)).isZero();
            assertThat(client.errorOf(command(TRIM, FLAG_FUA), 0, 512)).isZero();
        }
    }

    @Test
    void lengthZeroIsAnswered() throws IOException {
        try (RawNbd client = RawNbd.attach(uri())) {
            for (int command : new int[] {READ, TRIM, CACHE, WRITE_ZEROES}) {
                assertThat(client.errorOf(command, 0, 0))
                        .as("command=%d", command)
                        .isIn(0, EINVAL);
            }
            assertThat(client.errorOfWrite(0, 0, 0)).isIn(0, EINVAL);
        }
    }

    @Test
    void garbageInsteadOfARequestCutsTheConnection() throws IOException {
        try (RawNbd client = RawNbd.attach(uri())) {
            client.send(ByteBuffer.wrap(new byte[28]));
            assertThat(client.isCutOff()).isTrue();
        }
    }

    @Test
    void garbageInsteadOfAHandshakeCutsTheConnection() throws IOException {
        Random random = new Random(28);
        for (int i = 0; i < 50; i++) {
            try (RawNbd client = RawNbd.connect(uri())) {
                byte[] garbage = new byte[1 + random.nextInt(200)];
                random.nextBytes(garbage);
                garbage[0] |= (byte) 0x80;
                client.receive(18);
                client.send(ByteBuffer.wrap(garbage));
                client.shutdownOutput();
                assertThat(client.isCutOff()).isTrue();
            }
        }
        try (RawNbd client = RawNbd.connect(uri())) {
            client.greet();
            client.send(ByteBuffer.wrap("GET / HTTP/1.1\r\n\r\n".getBytes(java.nio.charset.StandardCharsets.US_ASCII)));
            assertThat(client.isCutOff()).isTrue();
        }
    }

    @Test
    void anOptionThatClaims4GibIsRefusedOrCutOff() throws IOException {
        for (int option : new int[] {RawNbd.OPT_GO, 3, 12345}) {
            try (RawNbd client = RawNbd.connect(uri())) {
                client.greet();
                // The rest never comes: who waits for it, or makes room for it, fails here.
                client.sendOption(option, CLAIM_4_GIB, ByteBuffer.allocate(100));
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
        try (RawNbd client = RawNbd.attach(uri())) {
            client.write(0, 1, 0, before);
            assertThat(client.readReply().error()).isZero();
        }
        byte[] message = RawNbd.putRequest(ByteBuffer.allocate(28 + payload), WRITE, 2, 0, payload)
                .array();
        Arrays.fill(message, 28, message.length, (byte) 0x22);
        for (int cut = 0; cut < message.length; cut++) {
            try (RawNbd client = RawNbd.attach(uri())) {
                client.send(ByteBuffer.wrap(message, 0, cut));
            }
        }
        try (RawNbd client = RawNbd.attach(uri())) {
            assertThat(client.read(0, payload)).isEqualTo(before);
        }
    }

    @Test
    void aClientThatGoesAwayInALargeWriteGivesItsMemoryBack() throws IOException {
        // 24 times 64 MiB claimed: a server that kept any of it could not go on serving 64 MiB requests.
        for (int i = 0; i < 24; i++) {
            try (RawNbd client = RawNbd.attach(uri())) {
                client.request(WRITE, 3, 0, (int) SIZE);
                client.send(ByteBuffer.allocate(1 << 20));
            }
        }
        try (RawNbd client = RawNbd.attach(uri())) {
            assertThat(client.read(0, (int) BYSTANDER_AT)).hasSize((int) BYSTANDER_AT);
        }
    }

    @Test
    void aClientThatAsksAndNeverReadsHarmsNobody() throws IOException {
        try (RawNbd client = RawNbd.attach(uri())) {
            for (int i = 0; i < 200; i++) {
                client.request(READ, i, 0, 1 << 20);
            }
            bystanderNoticesNothing();
        }
    }

    @Test
    void aReadOnlyExportRefusesEveryMutation() throws IOException {
        Path image = Files.write(folder.resolve(engine + "-ro.img"), new byte[1 << 20]);
        try (Server server = Server.in(folder.resolve("ro-home-" + engine))
                        .start(
                                "serve",
                                "--raw",
                                image.toString(),
                                "--engine",
                                engine,
                                "--listen",
                                "127.0.0.1:0",
                                "--read-only");
                RawNbd client = RawNbd.attach(server.tcpUri())) {
            assertThat(client.transmissionFlags() & 2).as("NBD_FLAG_READ_ONLY").isEqualTo(2);
            assertThat(client.errorOfWrite(0, 0, 512)).isEqualTo(EPERM);
            assertThat(client.errorOf(TRIM, 0, 512)).isEqualTo(EPERM);
            assertThat(client.errorOf(WRITE_ZEROES, 0, 512)).isEqualTo(EPERM);
            assertThat(client.errorOf(FLUSH, 0, 0)).isZero();
            assertThat(client.read(0, 512)).isEqualTo(new byte[512]);
        }
        assertThat(Files.readAllBytes(image)).isEqualTo(new byte[1 << 20]);
    }
}
