package org.kiobd.raid;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;
import org.kiobd.volume.kiobuf.Op;
import org.kiobd.volume.queue.MergeLimits;
import org.kiobd.volume.queue.RequestQueue;
import org.kiobd.volume.testkit.LeakCheck;
import org.kiobd.volume.testkit.ManualLoop;
import org.kiobd.volume.testkit.RecordingBlockDevice;
import org.kiobd.volume.testkit.TestRequest;

/** Rule 8: the bounds are those of the moment. */
@ExtendWith(LeakCheck.class)
class Raid0GrowTest {
    private static final int SIZE_BYTES = 100_000;

    private final ManualLoop loop = new ManualLoop();
    private final Random random = new Random(3);
    private final Volume device = ContractArrays.inMemory(SIZE_BYTES);

    Raid0GrowTest() throws Exception {}

    @AfterEach
    void close() {
        CompletableFuture<@Nullable Void> closed = new CompletableFuture<>();
        new Thread(() -> {
                    try {
                        device.close();
                        closed.complete(null);
                    } catch (BlockIoException e) {
                        closed.completeExceptionally(e);
                    }
                })
                .start();
        loop.await(closed);
    }

    private TestRequest run(TestRequest request) {
        device.submit(request.chain());
        assertThat(request.completions()).isEqualTo(1);
        return request;
    }

    @Test
    void rule8_newBytesMayBeUsedAsSoonAsTheDeviceHasGrown() throws Exception {
        byte[] data = new byte[5000];
        random.nextBytes(data);
        assertThat(run(TestRequest.write(loop, SIZE_BYTES - 2500, data, random)).error())
                .isEqualTo(IoError.INVALID);
        run(TestRequest.write(loop, SIZE_BYTES - 2500, new byte[2500], random));
        device.grow(SIZE_BYTES + 2499);
        assertThat(run(TestRequest.write(loop, SIZE_BYTES - 2500, data, random)).error())
                .isEqualTo(IoError.INVALID);
        device.grow(10L * SIZE_BYTES);
        assertThat(device.sizeBytes()).isEqualTo(10L * SIZE_BYTES);
        assertThat(run(TestRequest.write(loop, SIZE_BYTES - 2500, data, random)).error())
                .isNull();
        assertThat(run(TestRequest.read(loop, SIZE_BYTES - 2500, 5000, random)).data())
                .isEqualTo(data);
        TestRequest far = run(TestRequest.read(loop, 10L * SIZE_BYTES - 5000, 5000, random));
        assertThat(far.data()).containsOnly(0);
    }

    @Test
    void rule8_theSizeNeverShrinks() {
        for (long size : new long[] {SIZE_BYTES, SIZE_BYTES - 1, 0, -1}) {
            assertThatThrownBy(() -> device.grow(size))
                    .isInstanceOf(BlockIoException.class)
                    .hasMessageContaining("only grows");
        }
        assertThat(device.sizeBytes()).isEqualTo(SIZE_BYTES);
    }

    @Test
    void rule8_theSizeThatCountsIsThatOfTheRequestsOwnMoment() throws Exception {
        RecordingBlockDevice recording = new RecordingBlockDevice(device);
        RequestQueue queue = new RequestQueue(recording, loop, MergeLimits.DEFAULT);
        TestRequest inside = TestRequest.write(loop, SIZE_BYTES - 100, new byte[100], random);
        TestRequest beyond = TestRequest.write(loop, SIZE_BYTES, new byte[100], random);
        queue.accept(inside.kiobuf());
        queue.accept(beyond.kiobuf());
        loop.await(device.freeze());
        // Refused though the device is frozen: it needs no member for that.
        assertThat(beyond.error()).isEqualTo(IoError.INVALID);
        device.grow(SIZE_BYTES + 100);
        TestRequest again = TestRequest.write(loop, SIZE_BYTES, new byte[100], random);
        queue.accept(again.kiobuf());
        loop.runAll();
        assertThat(again.isDone()).isFalse();
        device.thaw();
        loop.runAll();
        assertThat(inside.error()).isNull();
        assertThat(inside.completions() + again.completions()).isEqualTo(2);
        assertThat(again.error()).isNull();
        assertThat(recording.chains()).hasSize(2);
        assertThat(recording.chains().get(0).originals()).containsExactly(inside.kiobuf(), beyond.kiobuf());
    }

    @Test
    void trimsOfFourGibibytesCostNoMoreThanTheMembers() throws Exception {
        device.grow(1L << 40);
        long before = device.counters().memberOps();
        TestRequest trim = run(TestRequest.range(loop, Op.TRIM, 512, (1L << 32) - 512));
        TestRequest whole = run(TestRequest.range(loop, Op.TRIM, 0, 1L << 40));
        assertThat(List.of(trim, whole)).allMatch(request -> request.error() == null);
        assertThat(device.counters().memberOps() - before).isEqualTo(6);
    }
}
