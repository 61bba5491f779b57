package org.kiobd.volume;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.KiobufChain;
import org.kiobd.volume.kiobuf.Op;
import org.kiobd.volume.loop.IoEngine;
import org.kiobd.volume.loop.IoLoop;
import org.kiobd.volume.loop.IoLoops;
import org.kiobd.volume.testkit.LeakCheck;
import org.kiobd.volume.testkit.Seeded;
import org.kiobd.volume.testkit.TestLoops;
import org.kiobd.volume.testkit.TestRequest;

/** The numbered rules of {@link BlockDevice}, as far as they show on any device that works; to be held by each. */
@ExtendWith(LeakCheck.class)
public abstract class BlockDeviceContract {
    private static final int SIZE_BYTES = 3 << 20;
    private static final Op[] RANGE_OPS = {Op.TRIM, Op.WRITE_ZEROES, Op.CACHE};

    private final Random random = new Random(7);
    private IoLoops loops;
    private IoLoop loop;
    private IoLoop otherLoop;
    private BlockDevice device;

    protected abstract IoEngine engine();

    /** Makes a device that reads as zeros, of {@code sizeBytes} or a little more. */
    protected abstract BlockDevice open(long sizeBytes) throws Exception;

    @BeforeEach
    void open() throws Exception {
        loops = new IoLoops(engine(), 2);
        loop = loops.all().get(0);
        otherLoop = loops.all().get(1);
        device = open(SIZE_BYTES);
    }

    @AfterEach
    void close() throws Exception {
        device.close();
        loops.close();
    }

    private void submit(KiobufChain chain) {
        chain.loop().execute(() -> {
            IoLoop on = chain.loop();
            device.submit(chain);
            device.unplug(on);
        });
    }

    private TestRequest run(TestRequest request) {
        submit(request.chain());
        TestLoops.await(request.done());
        assertThat(request.completions()).isEqualTo(1);
        assertThat(request.endedOnItsLoop()).isTrue();
        return request;
    }

    private TestRequest write(IoLoop on, long offsetBytes, byte[] data) {
        return TestRequest.write(on, offsetBytes, data, random);
    }

    private byte[] read(IoLoop on, long offsetBytes, int lengthBytes) {
        TestRequest read = run(TestRequest.read(on, offsetBytes, lengthBytes, random));
        assertThat(read.error()).isNull();
        return read.data();
    }

    private byte[] pattern(int lengthBytes) {
        byte[] bytes = new byte[lengthBytes];
        random.nextBytes(bytes);
        return bytes;
    }

    @Seeded(rounds = 2)
    void rule1_everyOriginalEndsOnceOnItsLoopWhateverIsAsked(Random seeded) {
        List<TestRequest> requests = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            IoLoop on = seeded.nextBoolean() ? loop : otherLoop;
            long offset =
                    seeded.nextInt(10) == 0 ? device.sizeBytes() - seeded.nextInt(5000) : seeded.nextInt(SIZE_BYTES);
            int length = seeded.nextInt(20_000);
            TestRequest request = switch (seeded.nextInt(4)) {
                case 0 -> TestRequest.read(on, offset, length, seeded);
                case 1 -> TestRequest.range(on, RANGE_OPS[seeded.nextInt(3)], offset, length);
                case 2 -> TestRequest.flush(on);
                default -> TestRequest.write(on, offset, new byte[length], seeded);
            };
            requests.add(request);
            submit(request.chain());
        }
        for (TestRequest request : requests) {
            TestLoops.await(request.done());
        }
        // Two turns of each loop: a second end would have been told by now.
        for (int i = 0; i < 2; i++) {
            TestLoops.call(loop, () -> true);
            TestLoops.call(otherLoop, () -> true);
        }
        for (TestRequest request : requests) {
            assertThat(request.completions()).as("%s", request).isEqualTo(1);
            assertThat(request.endedOnItsLoop()).isTrue();
            boolean inside = request.kiobuf().op() == Op.FLUSH
                    || ByteRange.fits(
                            request.kiobuf().offsetBytes(), request.kiobuf().lengthBytes(), device.sizeBytes());
            assertThat(request.error()).as("%s", request).isEqualTo(inside ? null : IoError.INVALID);
        }
    }

    @Test
    void rule3_ofAChainThatReachesBeyondTheEndOnlyThoseThatDoFail() {
        long end = device.sizeBytes();
        byte[] data = pattern(1000);
        List<TestRequest> requests =
                List.of(write(loop, end - 1500, data), write(loop, end - 500, data), write(loop, end + 500, data));
        KiobufChain chain = requests.get(0).chain();
        chain.join(requests.get(1).chain());
        chain.join(requests.get(2).chain());
        submit(chain);
        requests.forEach(request -> TestLoops.await(request.done()));
        assertThat(requests.get(0).error()).isNull();
        assertThat(requests.get(1).error()).isEqualTo(IoError.INVALID);
        assertThat(requests.get(2).error()).isEqualTo(IoError.INVALID);
        assertThat(read(loop, end - 1500, 1000)).isEqualTo(data);
        assertThat(read(loop, end - 500, 500)).containsOnly(0);
    }

    @Test
    void rule4_flushAndForcedUnitAccessEndWell() {
        byte[] data = pattern(10_000);
        assertThat(run(write(loop, 777, data).flags(Kiobuf.FUA)).error()).isNull();
        assertThat(run(TestRequest.range(otherLoop, Op.WRITE_ZEROES, 777, 100).flags(Kiobuf.FUA | Kiobuf.NO_HOLE))
                        .error())
                .isNull();
        assertThat(run(TestRequest.range(loop, Op.TRIM, 0, 4096).flags(Kiobuf.FUA))
                        .error())
                .isNull();
        assertThat(run(TestRequest.flush(otherLoop)).error()).isNull();
        assertThat(read(otherLoop, 4096, 6000)).isEqualTo(Arrays.copyOfRange(data, 4096 - 777, 4096 - 777 + 6000));
    }

    @Test
    void rule4_flushesShareAChain() {
        TestRequest first = TestRequest.flush(loop);
        TestRequest second = TestRequest.flush(loop);
        KiobufChain chain = first.chain();
        chain.join(second.chain());
        submit(chain);
        assertThat(TestLoops.await(first.done()).error()).isNull();
        assertThat(TestLoops.await(second.done()).error()).isNull();
    }

    @Test
    void rule6_doingItTwiceIsDoingItOnce() {
        byte[] data = pattern(100_000);
        for (int i = 0; i < 2; i++) {
            assertThat(run(write(loop, 5, data)).error()).isNull();
            assertThat(run(TestRequest.range(loop, Op.WRITE_ZEROES, 1000, 50_000))
                            .error())
                    .isNull();
        }
        Arrays.fill(data, 995, 50_995, (byte) 0);
        assertThat(read(loop, 5, data.length)).isEqualTo(data);
    }

    @Test
    void rule7_anAcknowledgedWriteIsSeenOnEveryLoop() {
        for (int i = 0; i < 50; i++) {
            byte[] data = pattern(5000);
            run(write(i % 2 == 0 ? loop : otherLoop, 12_345, data));
            assertThat(read(i % 2 == 0 ? otherLoop : loop, 12_345, 5000)).isEqualTo(data);
        }
    }

    @Test
    void rule9_outsideIsInvalidAndTouchesNothing() {
        long end = device.sizeBytes();
        byte[] before = pattern(1000);
        run(write(loop, end - 1000, before));
        for (Op op : RANGE_OPS) {
            assertThat(run(TestRequest.range(loop, op, end - 1000, 1001)).error())
                    .isEqualTo(IoError.INVALID);
            assertThat(run(TestRequest.range(loop, op, end, 1)).error()).isEqualTo(IoError.INVALID);
            assertThat(run(TestRequest.range(loop, op, 0, Long.MAX_VALUE)).error())
                    .isEqualTo(IoError.INVALID);
            assertThat(run(TestRequest.range(loop, op, Long.MAX_VALUE - 4096, 4096))
                            .error())
                    .isEqualTo(IoError.INVALID);
        }
        assertThat(run(write(loop, end - 1000, new byte[1001])).error()).isEqualTo(IoError.INVALID);
        assertThat(run(TestRequest.read(loop, end, 1, random)).error()).isEqualTo(IoError.INVALID);
        assertThat(run(TestRequest.read(loop, Long.MAX_VALUE - 1, 1, random)).error())
                .isEqualTo(IoError.INVALID);
        assertThat(read(loop, end - 1000, 1000)).isEqualTo(before);
    }

    @Test
    void rule9_lengthZeroEndsAtOnce() {
        for (long offset : new long[] {0, 1234, device.sizeBytes()}) {
            for (Op op : RANGE_OPS) {
                assertThat(run(TestRequest.range(loop, op, offset, 0)).error()).isNull();
            }
            assertThat(run(TestRequest.read(loop, offset, 0, random)).error()).isNull();
            assertThat(run(write(loop, offset, new byte[0])).error()).isNull();
        }
        assertThat(run(TestRequest.range(loop, Op.TRIM, device.sizeBytes() + 1, 0))
                        .error())
                .isEqualTo(IoError.INVALID);
    }

    @Test
    void freezeHoldsNewRequestsBackOnEveryLoopAndThawLetsThemGo() {
        run(write(loop, 0, pattern(100)));
        run(write(otherLoop, 0, pattern(100)));
        TestLoops.await(device.freeze().toCompletableFuture());
        TestLoops.await(device.freeze().toCompletableFuture());
        List<TestRequest> held = List.of(write(loop, 0, new byte[10]), write(otherLoop, 10, new byte[10]));
        held.forEach(request -> submit(request.chain()));
        device.thaw();
        for (IoLoop on : loops.all()) {
            TestLoops.call(on, () -> true);
            KiobufChain flush = TestRequest.flush(on).chain();
            assertThat(TestLoops.call(on, () -> device.hasRoom(flush))).isFalse();
        }
        assertThat(held).noneMatch(TestRequest::isDone);
        device.thaw();
        held.forEach(
                request -> assertThat(TestLoops.await(request.done()).error()).isNull());
    }

    @Test
    void roomIsAnnouncedAfterAThaw() {
        CompletableFuture<Boolean> announced = new CompletableFuture<>();
        TestLoops.call(loop, () -> {
            device.onRoom(loop, () -> announced.complete(loop.inLoop()));
            return true;
        });
        TestLoops.await(device.freeze().toCompletableFuture());
        KiobufChain flush = TestRequest.flush(loop).chain();
        assertThat(TestLoops.call(loop, () -> device.hasRoom(flush))).isFalse();
        device.thaw();
        assertThat(TestLoops.await(announced)).isTrue();
    }

    @Test
    void holesAreGivenOnlyToThoseWhoTakeThem() {
        byte[] data = pattern(50_000);
        run(write(loop, 1 << 20, data));
        TestRequest read =
                run(TestRequest.read(loop, (1 << 20) - 300_000, 600_000, random).acceptHoles());
        byte[] expected = new byte[600_000];
        System.arraycopy(data, 0, expected, 300_000, data.length);
        assertThat(read.data()).isEqualTo(expected);
    }

    /** Not that there are holes, which is a store's affair, but that what is called one is zeros, and that nothing is left out. */
    @Seeded(rounds = 3)
    void extentsCoverWhatIsAskedAndHolesReadAsZeros(Random seeded) {
        byte[] model = new byte[SIZE_BYTES];
        for (int step = 0; step < 40; step++) {
            IoLoop on = seeded.nextBoolean() ? loop : otherLoop;
            int length = 1 + seeded.nextInt(300_000);
            int offset = seeded.nextInt(SIZE_BYTES - length);
            if (seeded.nextInt(3) > 0) {
                byte[] data = new byte[length];
                seeded.nextBytes(data);
                run(TestRequest.write(on, offset, data, seeded));
                System.arraycopy(data, 0, model, offset, length);
            } else {
                run(TestRequest.range(on, Op.WRITE_ZEROES, offset, length));
                Arrays.fill(model, offset, offset + length, (byte) 0);
            }
            int askedBytes = 1 + seeded.nextInt(Math.min(SIZE_BYTES, 1 << (10 + seeded.nextInt(13))));
            int from = seeded.nextInt(SIZE_BYTES - askedBytes + 1);
            int maxExtents = seeded.nextBoolean() ? 1 + seeded.nextInt(4) : SIZE_BYTES;
            checkExtents(extents(on, new ByteRange(from, askedBytes), maxExtents), model, from, askedBytes, maxExtents);
            TestRequest sparse =
                    run(TestRequest.read(on, from, askedBytes, seeded).acceptHoles());
            assertThat(sparse.error()).isNull();
            assertThat(sparse.data()).isEqualTo(Arrays.copyOfRange(model, from, from + askedBytes));
        }
    }

    private List<Extent> extents(IoLoop on, ByteRange range, int maxExtents) {
        CompletableFuture<List<Extent>> answer = new CompletableFuture<>();
        on.execute(() -> device.extents(on, range, maxExtents).whenComplete((extents, failure) -> {
            if (failure == null && on.inLoop()) {
                answer.complete(extents);
            } else {
                answer.completeExceptionally(new AssertionError("onItsLoop=" + on.inLoop(), failure));
            }
        }));
        return TestLoops.await(answer);
    }

    private static void checkExtents(List<Extent> told, byte[] model, int from, int askedBytes, int maxExtents) {
        int at = from;
        assertThat(told).hasSizeBetween(1, maxExtents);
        for (int i = 0; i < told.size(); i++) {
            Extent extent = told.get(i);
            assertThat(i > 0 && told.get(i - 1).kind() == extent.kind())
                    .as("neighbours of one kind in %s", told)
                    .isFalse();
            assertThat(extent.lengthBytes()).isLessThanOrEqualTo(from + askedBytes - at);
            int end = at + (int) extent.lengthBytes();
            for (int b = at; extent.kind() != Extent.Kind.DATA && b < end; b++) {
                assertThat(model[b]).as("byte %d of a hole", b).isZero();
            }
            at = end;
        }
        if (told.size() < maxExtents) {
            assertThat(at).isEqualTo(from + askedBytes);
        }
    }

    @Test
    void requestsAreCounted() {
        long before = device.counters().requests();
        run(write(loop, 0, pattern(10)));
        run(TestRequest.read(loop, 0, 10, random));
        assertThat(device.counters().requests() - before).isEqualTo(2);
    }

    @Seeded(rounds = 2)
    void randomRequestsAgreeWithAnArray(Random seeded) {
        byte[] model = new byte[SIZE_BYTES];
        for (int step = 0; step < 250; step++) {
            IoLoop on = seeded.nextBoolean() ? loop : otherLoop;
            int length = 1 + seeded.nextInt(seeded.nextBoolean() ? 300 : 200_000);
            int offset = seeded.nextInt(SIZE_BYTES - length);
            switch (seeded.nextInt(4)) {
                case 0 -> {
                    // What is trimmed reads as anything: it is made zeros at once.
                    assertThat(run(TestRequest.range(on, Op.TRIM, offset, length))
                                    .error())
                            .isNull();
                    assertThat(run(TestRequest.range(on, Op.WRITE_ZEROES, offset, length))
                                    .error())
                            .isNull();
                    Arrays.fill(model, offset, offset + length, (byte) 0);
                }
                case 1 -> {
                    byte[] data = new byte[length];
                    seeded.nextBytes(data);
                    assertThat(run(TestRequest.write(on, offset, data, seeded)).error())
                            .isNull();
                    System.arraycopy(data, 0, model, offset, length);
                }
                default ->
                    assertThat(read(on, offset, length)).isEqualTo(Arrays.copyOfRange(model, offset, offset + length));
            }
        }
        assertThat(read(loop, 0, SIZE_BYTES)).isEqualTo(model);
    }
}
