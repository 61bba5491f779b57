package org.kiobd.nbd.transmission;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.kiobd.nbd.NbdLimits;
import org.kiobd.nbd.testkit.MemoryDevice;
import org.kiobd.nbd.testkit.RawNbdClient;
import org.kiobd.nbd.testkit.RawNbdClient.Request;
import org.kiobd.volume.kiobuf.PagePool;
import org.kiobd.volume.testkit.LeakCheck;

/** The loop hears of a client that has its hands full, once a batch, and of no other. */
@ExtendWith(LeakCheck.class)
final class LullTest {
    private static byte[] reads(int count, int lengthBytes) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (int i = 0; i < count; i++) {
            all.writeBytes(
                    Request.of(RawNbdClient.READ, i, 4096L * i, lengthBytes).bytes());
        }
        return all.toByteArray();
    }

    private static int lullsAfter(byte[]... received) {
        MemoryDevice device = new MemoryDevice(1 << 20);
        try (ServedChannel served = new ServedChannel(device, new PagePool(2 << 20, 16), NbdLimits.DEFAULT)) {
            for (byte[] bytes : received) {
                served.receive(bytes);
                assertThat(served.sent()).isNotEmpty();
            }
            return served.lulls();
        }
    }

    @Test
    void oneAtATimeIsNone() {
        byte[] one = reads(1, 4096);
        assertThat(lullsAfter(one, one, one, one, one, one, one, one, one)).isZero();
    }

    @Test
    void aBatchIsOne() {
        assertThat(lullsAfter(reads(8, 512), reads(32, 4096))).isEqualTo(2);
    }

    @Test
    void aLargeReplyIsOne() {
        assertThat(lullsAfter(reads(1, 128 << 10), reads(1, 512))).isEqualTo(1);
    }
}
