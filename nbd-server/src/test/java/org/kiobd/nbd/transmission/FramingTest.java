package org.kiobd.nbd.transmission;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kiobd.nbd.testkit.RawNbdClient.DISC;
import static org.kiobd.nbd.testkit.RawNbdClient.FLUSH;
import static org.kiobd.nbd.testkit.RawNbdClient.READ;
import static org.kiobd.nbd.testkit.RawNbdClient.TRIM;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kiobd.nbd.NbdLimits;
import org.kiobd.nbd.testkit.MemoryDevice;
import org.kiobd.nbd.testkit.RawNbdClient.Request;
import org.kiobd.volume.kiobuf.PagePool;
import org.kiobd.volume.testkit.LeakCheck;

/** However the stream is cut, the requests are the same. */
@Tag("one-lane")
@ExtendWith(LeakCheck.class)
final class FramingTest {
    private static final int SIZE = 1 << 20;
    private static final int LARGE = 200_000;

    private static byte[] pattern(int length, int seed) {
        byte[] bytes = new byte[length];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    private static byte[] stream(Request... requests) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (Request request : requests) {
            all.writeBytes(request.bytes());
        }
        return all.toByteArray();
    }

    /** READ, two WRITEs, one WRITE that is refused, FLUSH, TRIM and DISC. */
    private static byte[] mixture() {
        return stream(
                Request.of(READ, 1, 4096, 10),
                Request.write(2, 100, pattern(61, 2)),
                Request.write(3, SIZE - 5, pattern(40, 3)),
                Request.of(FLUSH, 4, 0, 0),
                Request.write(5, 200, pattern(1, 5)),
                Request.of(TRIM, 6, 8192, 100),
                Request.of(DISC, 7, 0, 0));
    }

    /** Errors by cookie. */
    private static Map<Long, Integer> replies(byte[] sent, Map<Long, Integer> dataBytes) {
        Map<Long, Integer> errors = new TreeMap<>();
        ByteBuffer left = ByteBuffer.wrap(sent);
        while (left.hasRemaining()) {
            assertThat(left.getInt()).isEqualTo(0x67446698);
            int errno = left.getInt();
            long cookie = left.getLong();
            assertThat(errors.put(cookie, errno))
                    .as("second reply to %d", cookie)
                    .isNull();
            left.position(left.position() + (errno == 0 ? dataBytes.getOrDefault(cookie, 0) : 0));
        }
        return errors;
    }

    private static void playMixture(int... cuts) {
        MemoryDevice device = new MemoryDevice(SIZE);
        byte[] stream = mixture();
        try (ServedChannel served = new ServedChannel(device, new PagePool(2 << 20, 16), NbdLimits.DEFAULT)) {
            int from = 0;
            for (int cut : cuts) {
                served.receive(Arrays.copyOfRange(stream, from, cut));
                from = cut;
            }
            served.receive(Arrays.copyOfRange(stream, from, stream.length));
            assertThat(replies(served.sent(), Map.of(1L, 10)))
                    .isEqualTo(Map.of(1L, 0, 2L, 0, 3L, 28, 4L, 0, 5L, 0, 6L, 0));
            assertThat(served.channel().isActive()).isFalse();
        }
        assertThat(device.read(100, 61)).isEqualTo(pattern(61, 2));
        assertThat(device.read(200, 1)).isEqualTo(pattern(1, 5));
        assertThat(device.read(SIZE - 5, 5)).isEqualTo(new byte[5]);
    }

    @Test
    void whole() {
        playMixture();
    }

    @Test
    void everySplitInTwo() {
        for (int cut = 1; cut < mixture().length; cut++) {
            playMixture(cut);
        }
    }

    @Test
    void oneByteAtATime() {
        int[] cuts = new int[mixture().length - 1];
        Arrays.setAll(cuts, i -> i + 1);
        playMixture(cuts);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 20, 300, 4000})
    void manyRandomSplits(long seed) {
        Random random = new Random(seed);
        for (int round = 0; round < 25; round++) {
            playMixture(random.ints(6, 1, mixture().length).sorted().toArray());
        }
    }

    @Test
    void aLargePayloadInAnyPieces() {
        byte[] payload = pattern(LARGE, 8);
        byte[] stream = stream(Request.write(1, 7, payload), Request.of(READ, 2, 500_000, 3));
        Random random = new Random(17);
        for (int round = 0; round < 15; round++) {
            MemoryDevice device = new MemoryDevice(SIZE);
            try (ServedChannel served = new ServedChannel(device, new PagePool(2 << 20, 16), NbdLimits.DEFAULT)) {
                int from = 0;
                while (from < stream.length) {
                    int to = Math.min(stream.length, from + 1 + random.nextInt(90_000));
                    served.receive(Arrays.copyOfRange(stream, from, to));
                    from = to;
                }
                assertThat(replies(served.sent(), Map.of(2L, 3))).isEqualTo(Map.of(1L, 0, 2L, 0));
            }
            assertThat(device.read(7, LARGE)).isEqualTo(payload);
        }
    }

    @Test
    void aClientThatGoesAwayAtAnyByteOfAWriteWritesNothing() {
        byte[] write = stream(Request.write(1, 0, pattern(64, 1)));
        for (int cut = 0; cut < write.length; cut++) {
            MemoryDevice device = new MemoryDevice(SIZE);
            try (ServedChannel served = new ServedChannel(device, new PagePool(2 << 20, 16), NbdLimits.DEFAULT)) {
                served.receive(Arrays.copyOf(write, cut));
                assertThat(served.sent()).isEmpty();
            }
            assertThat(device.read(0, 64)).isEqualTo(new byte[64]);
        }
    }

    @Test
    void aClientThatGoesAwayInALargeWriteGivesItsMemoryBack() {
        byte[] write = stream(Request.write(1, 0, pattern(LARGE, 1)));
        for (int cut = 27; cut < write.length; cut += 19_973) {
            try (ServedChannel served =
                    new ServedChannel(new MemoryDevice(SIZE), new PagePool(2 << 20, 16), NbdLimits.DEFAULT)) {
                served.receive(Arrays.copyOf(write, cut));
                assertThat(served.sent()).isEmpty();
            }
        }
    }

    @Test
    void aSmallPayloadInALargeBufferIsCopiedOutOfIt() {
        MemoryDevice device = new MemoryDevice(SIZE);
        // Shares that hold next to nothing.
        PagePool pool = new PagePool(2 << 20, 1024);
        try (ServedChannel served = new ServedChannel(device, pool, NbdLimits.DEFAULT)) {
            device.hold();
            served.receive(stream(Request.write(1, 0, pattern(512, 1))), 256 << 10);
            assertThat(pool.peakBytes()).isLessThan(64 << 10);
            device.release();
            assertThat(replies(served.sent(), Map.of())).isEqualTo(Map.of(1L, 0));
        }
        assertThat(device.read(0, 512)).isEqualTo(pattern(512, 1));
    }
}
