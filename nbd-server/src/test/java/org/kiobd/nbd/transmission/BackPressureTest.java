package org.kiobd.nbd.transmission;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kiobd.nbd.testkit.RawNbdClient.DISC;
import static org.kiobd.nbd.testkit.RawNbdClient.READ;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kiobd.nbd.NbdLimits;
import org.kiobd.nbd.testkit.MemoryDevice;
import org.kiobd.nbd.testkit.RawNbdClient.Request;
import org.kiobd.volume.IoError;
import org.kiobd.volume.kiobuf.PagePool;
import org.kiobd.volume.testkit.LeakCheck;

/** At a limit the socket is not read, and what waits goes on by itself when there is room; where memory is short, by pieces. */
@ExtendWith(LeakCheck.class)
final class BackPressureTest {
    private static final int SIZE = 4 << 20;
    private static final NbdLimits LIMITS =
            new NbdLimits(10_000, 64 << 10, 64, 10, 10, 8, 1 << 20, 4 << 10, 256 << 10, 10_000);

    private final MemoryDevice device = new MemoryDevice(SIZE);

    private static byte[] reads(int count, int length) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (int i = 0; i < count; i++) {
            all.writeBytes(Request.of(READ, i, (long) i * length, length).bytes());
        }
        return all.toByteArray();
    }

    @Test
    void noMoreRequestsThanTheLimitAreInFlight() {
        try (ServedChannel served = new ServedChannel(device, new PagePool(8 << 20, LIMITS.maxConnections()), LIMITS)) {
            device.hold();
            served.receive(reads(20, 512));
            assertThat(device.issued()).isEqualTo(8);
            assertThat(served.wantsMore()).isFalse();
            device.release();
            assertThat(served.sent()).hasSize(20 * (16 + 512));
            assertThat(served.wantsMore()).isTrue();
            assertThat(device.issued()).isEqualTo(20);
        }
    }

    @Test
    void noMoreBytesThanTheLimitAreInFlight() {
        try (ServedChannel served = new ServedChannel(device, new PagePool(8 << 20, LIMITS.maxConnections()), LIMITS)) {
            device.hold();
            served.receive(reads(5, 400_000));
            assertThat(device.issued()).isEqualTo(2);
            assertThat(served.wantsMore()).isFalse();
            device.release();
            assertThat(served.sent()).hasSize(5 * (16 + 400_000));
        }
    }

    @Test
    void oneRequestIsServedHoweverLarge() {
        try (ServedChannel served = new ServedChannel(device, new PagePool(8 << 20, LIMITS.maxConnections()), LIMITS)) {
            served.receive(reads(1, 3 << 20));
            assertThat(served.sent()).hasSize(16 + (3 << 20));
        }
    }

    /** Of which nothing is left but the shares. */
    private static PagePool exhausted() {
        PagePool pool = new PagePool(1 << 20, LIMITS.maxConnections());
        Exhausted.take(pool);
        return pool;
    }

    private static byte[] payload(int bytes) {
        byte[] payload = new byte[bytes];
        new Random(bytes).nextBytes(payload);
        return payload;
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 4096, 41_942, 41_943, 300_000, 3 << 20})
    void whereMemoryIsShortAReadIsAnsweredPieceByPiece(int bytes) {
        byte[] content = payload(bytes);
        try (ServedChannel before = new ServedChannel(device, new PagePool(80 << 20, 10), LIMITS)) {
            before.receive(Request.write(1, 512, content).bytes());
        }
        try (ServedChannel served = new ServedChannel(device, exhausted(), LIMITS)) {
            served.receive(Request.of(READ, 1, 512, bytes).bytes());
            byte[] reply = served.sent();
            assertThat(Arrays.copyOfRange(reply, 16, reply.length)).isEqualTo(content);
            assertThat(served.wantsMore()).isTrue();
            assertThat(served.export().figures().errors()).isZero();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 4096, 41_942, 41_944, 300_000, 3 << 20})
    void whereMemoryIsShortAWriteIsWrittenPieceByPiece(int bytes) {
        byte[] content = payload(bytes);
        byte[] write = Request.write(1, 512, content).bytes();
        for (int receiveBytes : new int[] {1000, 65_536, 262_144}) {
            MemoryDevice written = new MemoryDevice(SIZE);
            try (ServedChannel served = new ServedChannel(written, exhausted(), LIMITS)) {
                for (int at = 0; at < write.length; at += receiveBytes) {
                    assertThat(served.sent()).isEmpty();
                    int end = Math.min(write.length, at + receiveBytes);
                    served.receive(Arrays.copyOfRange(write, at, end), receiveBytes);
                    assertThat(served.wantsMore()).isTrue();
                }
                assertThat(served.sent()).hasSize(16);
            }
            assertThat(written.read(512, bytes)).isEqualTo(content);
        }
    }

    @Test
    void whereMemoryIsShortALargeRequestWaitsForWhatItsOwnConnectionHasInFlight() {
        try (ServedChannel served = new ServedChannel(device, exhausted(), LIMITS)) {
            device.hold();
            served.receive(reads(2, 30_000));
            assertThat(device.issued()).isEqualTo(1);
            assertThat(served.wantsMore()).isFalse();
            device.release();
            assertThat(served.sent()).hasSize(2 * (16 + 30_000));
            assertThat(served.wantsMore()).isTrue();
        }
    }

    @Test
    void aBufferForSmallRepliesDoesNotKeepAWriteFromTheShare() {
        try (ServedChannel served = new ServedChannel(device, exhausted(), LIMITS)) {
            device.hold();
            served.receive(reads(1, 512));
            byte[] write = Request.write(7, 0, payload(400_000)).bytes();
            served.receive(Arrays.copyOf(write, 100_000));
            device.release();
            assertThat(served.sent()).hasSize(16 + 512);
            served.receive(Arrays.copyOfRange(write, 100_000, write.length));
            assertThat(served.sent()).hasSize(16);
        }
    }

    @Test
    void anErrorInOnePieceOfAWriteIsToldWhenItsPayloadHasCome() {
        byte[] write = Request.write(1, 0, payload(300_000)).bytes();
        try (ServedChannel served = new ServedChannel(device, exhausted(), LIMITS)) {
            device.failWith(IoError.NO_SPACE);
            served.receive(Arrays.copyOf(write, 50_000));
            assertThat(served.sent()).isEmpty();
            device.failWith(null);
            served.receive(Arrays.copyOfRange(write, 50_000, write.length));
            byte[] reply = served.sent();
            assertThat(reply).hasSize(16);
            assertThat((int) reply[7]).isEqualTo(28);
            served.receive(reads(1, 512));
            assertThat(served.sent()).hasSize(16 + 512);
        }
    }

    @Test
    void anErrorAtTheFirstPieceOfAReadIsToldAndALaterOneEndsTheConnection() {
        try (ServedChannel served = new ServedChannel(device, exhausted(), LIMITS)) {
            device.failWith(IoError.IO);
            served.receive(reads(1, 300_000));
            assertThat(served.sent()).hasSize(16);
            device.failWith(null);
            device.hold();
            served.receive(reads(1, 300_000));
            device.failWith(IoError.IO);
            device.release();
            assertThat(served.sent()).hasSizeBetween(16 + 30_000, 16 + 50_000);
            assertThat(served.channel().isOpen()).isFalse();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {29, 1000, 50_000, 200_000, 299_000})
    void aClientThatHangsUpInTheMiddleOfAWriteLeavesNothing(int sentBytes) {
        byte[] write = Request.write(1, 0, payload(300_000)).bytes();
        ServedChannel served = new ServedChannel(device, exhausted(), LIMITS);
        device.hold();
        served.receive(Arrays.copyOf(write, sentBytes));
        served.channel().finishAndReleaseAll();
        device.release();
        served.close();
    }

    @Test
    void aServerThatShutsDownFinishesAReadThatGoesPieceByPiece() {
        try (ServedChannel served = new ServedChannel(device, exhausted(), LIMITS)) {
            device.hold();
            served.receive(reads(1, 300_000));
            served.shutDown();
            device.release();
            assertThat(served.sent()).hasSize(16 + 300_000);
            assertThat(served.channel().isOpen()).isFalse();
        }
    }

    @Test
    void aClientThatGoesWhileItsReadGoesPieceByPieceLeavesNothing() {
        ServedChannel served = new ServedChannel(device, exhausted(), LIMITS);
        device.hold();
        served.receive(reads(1, 300_000));
        served.channel().finishAndReleaseAll();
        device.release();
        served.close();
        assertThat(device.issued()).isEqualTo(1);
    }

    @Test
    void whatWasNotIssuedIsDroppedWithItsClient() {
        try (ServedChannel served = new ServedChannel(device, new PagePool(8 << 20, LIMITS.maxConnections()), LIMITS)) {
            device.stop();
            served.receive(Request.write(1, 0, new byte[] {1, 2, 3, 4}).bytes());
            assertThat(served.sent()).isEmpty();
        }
        device.go();
        assertThat(device.issued()).isZero();
    }

    @Test
    void whatWasNotIssuedIsDroppedWithItsClientWhileTheServerShutsDown() {
        try (ServedChannel served = new ServedChannel(device, new PagePool(8 << 20, LIMITS.maxConnections()), LIMITS)) {
            device.stop();
            served.receive(Request.write(1, 0, new byte[] {1, 2, 3, 4}).bytes());
            served.shutDown();
            assertThat(served.sent()).isEmpty();
        }
        device.go();
        assertThat(device.issued()).isZero();
    }

    @Test
    void whatWasNotIssuedIsIssuedIfItsClientDisconnectedInOrder() {
        ServedChannel served = new ServedChannel(device, new PagePool(8 << 20, LIMITS.maxConnections()), LIMITS);
        device.stop();
        served.receive(Request.write(1, 0, new byte[] {1, 2, 3, 4}).bytes());
        served.receive(Request.of(DISC, 2, 0, 0).bytes());
        served.channel().finishAndReleaseAll();
        device.go();
        served.channel().runPendingTasks();
        served.close();
        assertThat(device.read(0, 4)).isEqualTo(new byte[] {1, 2, 3, 4});
    }

    @Test
    void whatWasIssuedFinishesWithoutItsClient() {
        ServedChannel served = new ServedChannel(device, new PagePool(8 << 20, LIMITS.maxConnections()), LIMITS);
        device.hold();
        served.receive(Request.write(1, 0, new byte[] {1, 2, 3, 4}).bytes());
        served.receive(reads(3, 512));
        served.channel().finishAndReleaseAll();
        device.release();
        served.close();
        assertThat(device.read(0, 4)).isEqualTo(new byte[] {1, 2, 3, 4});
    }

    @Test
    void everyErrorOfTheDeviceHasItsWireNumber() {
        int[] expected = {5, 28, 22, 1, 12, 22, 22};
        try (ServedChannel served = new ServedChannel(device, new PagePool(8 << 20, LIMITS.maxConnections()), LIMITS)) {
            int i = 0;
            for (IoError error : IoError.values()) {
                if (error != IoError.DROPPED) {
                    device.failWith(error);
                    served.receive(reads(1, 512));
                    byte[] reply = served.sent();
                    assertThat(reply).as(error.name()).hasSize(16);
                    assertThat((int) reply[7]).as(error.name()).isEqualTo(expected[i++]);
                }
            }
            assertThat(served.export().figures().errors()).isEqualTo(expected.length);
        }
    }

    @Test
    void boundsAreThoseOfTheMoment() {
        MemoryDevice growing = new MemoryDevice(device.info(), 512, 2048);
        try (ServedChannel served =
                new ServedChannel(growing, new PagePool(8 << 20, LIMITS.maxConnections()), LIMITS)) {
            served.receive(Request.of(READ, 1, 512, 512).bytes());
            assertThat(served.sent()).hasSize(16);
            growing.grow(1024);
            served.receive(Request.of(READ, 2, 512, 512).bytes());
            assertThat(served.sent()).hasSize(16 + 512);
        }
    }
}
