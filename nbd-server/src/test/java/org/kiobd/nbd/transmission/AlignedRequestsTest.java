package org.kiobd.nbd.transmission;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kiobd.nbd.testkit.RawNbdClient.READ;

import io.netty.buffer.ByteBuf;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.kiobd.nbd.HeaderStyle;
import org.kiobd.nbd.NbdLimits;
import org.kiobd.nbd.testkit.MemoryDevice;
import org.kiobd.nbd.testkit.RawNbdClient.Request;
import org.kiobd.nbd.testkit.StyledWire;
import org.kiobd.volume.kiobuf.AlignedMemory;
import org.kiobd.volume.kiobuf.PagePool;
import org.kiobd.volume.testkit.LeakCheck;

/** The memory of requests for a device that wants whole pages. */
@ExtendWith(LeakCheck.class)
final class AlignedRequestsTest {
    private static final int SIZE = 8 << 20;

    private final MemoryDevice device = new MemoryDevice(SIZE);
    private final byte[] content = new byte[3 << 20];

    @BeforeEach
    void fill() {
        device.wantAligned(AlignedMemory.ALIGNMENT_BYTES);
        new Random(5).nextBytes(content);
    }

    private ServedChannel served() {
        return new ServedChannel(device, new PagePool(16 << 20, NbdLimits.DEFAULT.maxConnections()), NbdLimits.DEFAULT);
    }

    /** However it comes in, with headers before and behind it. */
    @Test
    void aLargeWriteIsReceivedIntoPages() {
        byte[] write = Request.write(1, 4096, content).bytes();
        Random random = new Random(18);
        try (ServedChannel served = served()) {
            int from = 0;
            while (from < write.length) {
                int to = Math.min(write.length, from + 1 + random.nextInt(90_000));
                served.receive(Arrays.copyOfRange(write, from, to));
                from = to;
            }
            assertThat(served.sent()).hasSize(16);
        }
        assertThat(device.read(4096, content.length)).isEqualTo(content);
        assertThat(device.misalignedFragments()).isZero();
    }

    @ParameterizedTest
    @EnumSource
    void readsLandInPagesAndTheirRepliesAreTheSame(HeaderStyle style) {
        MemoryDevice usual = new MemoryDevice(SIZE);
        for (MemoryDevice one : List.of(usual, device)) {
            try (ServedChannel served = new ServedChannel(
                    one,
                    new PagePool(16 << 20, NbdLimits.DEFAULT.maxConnections()),
                    NbdLimits.DEFAULT,
                    HeaderStyle.SIMPLE,
                    List.of())) {
                served.receive(Request.write(1, 0, content).bytes());
                assertThat(served.sent()).hasSize(16);
            }
        }
        int misaligned = device.misalignedFragments();
        for (int length : new int[] {4096, 8192, 128 << 10, 3 << 20, 512, 1}) {
            byte[][] replies = new byte[2][];
            for (int i = 0; i < 2; i++) {
                try (ServedChannel served = new ServedChannel(
                        i == 0 ? usual : device,
                        new PagePool(16 << 20, NbdLimits.DEFAULT.maxConnections()),
                        NbdLimits.DEFAULT,
                        style,
                        List.of())) {
                    served.receive(new StyledWire(style)
                            .requests(Request.of(READ, 2, 0, length).bytes()));
                    replies[i] = served.sent();
                }
            }
            assertThat(replies[1]).as("length=%d", length).isEqualTo(replies[0]);
            assertThat(replies[0]).hasSizeGreaterThan(length);
        }
        assertThat(device.misalignedFragments() - misaligned)
                .as("what is less than a page")
                .isEqualTo(2);
    }

    @Test
    void aPieceOfAnySizeBeginsAtAPage() {
        for (int bytes : new int[] {1, 512, 4096, 4097, 12_288, 100_000, 1 << 20}) {
            ByteBuf one = AlignedMemory.allocate(bytes);
            ByteBuf other = AlignedMemory.allocate(bytes);
            assertThat(one.memoryAddress() % AlignedMemory.ALIGNMENT_BYTES).isZero();
            assertThat(other.memoryAddress() % AlignedMemory.ALIGNMENT_BYTES).isZero();
            assertThat(one.capacity()).isEqualTo(bytes);
            one.release();
            other.release();
        }
    }
}
