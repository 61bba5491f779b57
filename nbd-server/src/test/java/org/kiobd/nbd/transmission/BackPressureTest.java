package org.kiobd.nbd.transmission;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kiobd.nbd.testkit.RawNbdClient.READ;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.kiobd.nbd.NbdLimits;
import org.kiobd.nbd.testkit.MemoryDevice;
import org.kiobd.nbd.testkit.RawNbdClient.Request;
import org.kiobd.volume.IoError;
import org.kiobd.volume.kiobuf.PagePool;
import org.kiobd.volume.testkit.LeakCheck;

/** At a limit the socket is not read, and what waits goes on by itself when there is room. */
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
        try (ServedChannel served = new ServedChannel(device, new PagePool(8 << 20), LIMITS)) {
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
        try (ServedChannel served = new ServedChannel(device, new PagePool(8 << 20), LIMITS)) {
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
        try (ServedChannel served = new ServedChannel(device, new PagePool(8 << 20), LIMITS)) {
            served.receive(reads(1, 3 << 20));
            assertThat(served.sent()).hasSize(16 + (3 << 20));
        }
    }

    @Test
    void aReadWaitsForMemory() {
        PagePool pool = new PagePool(1 << 20);
        try (ServedChannel served = new ServedChannel(device, pool, LIMITS)) {
            assertThat(pool.tryReserve(900_000)).isTrue();
            served.receive(reads(1, 300_000));
            assertThat(served.sent()).isEmpty();
            assertThat(served.wantsMore()).isFalse();
            pool.release(900_000);
            assertThat(served.sent()).hasSize(16 + 300_000);
            assertThat(served.wantsMore()).isTrue();
        }
    }

    @Test
    void aLargeWriteReservesAllOfItBeforeItsPayloadIsRead() {
        PagePool pool = new PagePool(1 << 20);
        byte[] payload = new byte[500_000];
        Arrays.fill(payload, (byte) 7);
        byte[] write = Request.write(1, 0, payload).bytes();
        try (ServedChannel served = new ServedChannel(device, pool, LIMITS)) {
            assertThat(pool.tryReserve(900_000)).isTrue();
            served.receive(Arrays.copyOf(write, 1000));
            assertThat(served.wantsMore()).isFalse();
            pool.release(900_000);
            assertThat(served.wantsMore()).isTrue();
            assertThat(pool.reservedBytes()).isGreaterThanOrEqualTo(payload.length - 1000L);
            served.receive(Arrays.copyOfRange(write, 1000, write.length));
            assertThat(served.sent()).hasSize(16);
        }
        assertThat(device.read(0, payload.length)).isEqualTo(payload);
    }

    @Test
    void aSmallWriteWaitsForMemoryToo() {
        PagePool pool = new PagePool(1 << 20);
        try (ServedChannel served = new ServedChannel(device, pool, LIMITS)) {
            assertThat(pool.tryReserve(1 << 20)).isTrue();
            served.receive(Request.write(1, 0, new byte[4096]).bytes());
            assertThat(device.issued()).isZero();
            assertThat(served.wantsMore()).isFalse();
            pool.release(1 << 20);
            assertThat(served.sent()).hasSize(16);
        }
    }

    @Test
    void aClientThatGoesAwayWhileItWaitsForMemoryLeavesTheQueue() {
        PagePool pool = new PagePool(1 << 20);
        ServedChannel served = new ServedChannel(device, pool, LIMITS);
        assertThat(pool.tryReserve(1 << 20)).isTrue();
        served.receive(reads(1, 300_000));
        served.channel().finishAndReleaseAll();
        pool.release(1 << 20);
        served.close();
        assertThat(device.issued()).isZero();
    }

    @Test
    void aLargeReservationIsNotOvertaken() {
        PagePool pool = new PagePool(1 << 20);
        try (ServedChannel served = new ServedChannel(device, pool, LIMITS)) {
            assertThat(pool.tryReserve(1 << 20)).isTrue();
            served.receive(reads(1, 900_000));
            assertThat(pool.tryReserve(1)).as("overtaking").isFalse();
            pool.release(1 << 20);
            assertThat(served.sent()).hasSize(16 + 900_000);
        }
    }

    @Test
    void whatWasNotIssuedIsDroppedWithItsClient() {
        try (ServedChannel served = new ServedChannel(device, new PagePool(8 << 20), LIMITS)) {
            device.stop();
            served.receive(Request.write(1, 0, new byte[] {1, 2, 3, 4}).bytes());
            assertThat(served.sent()).isEmpty();
        }
        device.go();
        assertThat(device.issued()).isZero();
    }

    @Test
    void whatWasIssuedFinishesWithoutItsClient() {
        ServedChannel served = new ServedChannel(device, new PagePool(8 << 20), LIMITS);
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
        try (ServedChannel served = new ServedChannel(device, new PagePool(8 << 20), LIMITS)) {
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
        try (ServedChannel served = new ServedChannel(growing, new PagePool(8 << 20), LIMITS)) {
            served.receive(Request.of(READ, 1, 512, 512).bytes());
            assertThat(served.sent()).hasSize(16);
            growing.grow(1024);
            served.receive(Request.of(READ, 2, 512, 512).bytes());
            assertThat(served.sent()).hasSize(16 + 512);
        }
    }
}
