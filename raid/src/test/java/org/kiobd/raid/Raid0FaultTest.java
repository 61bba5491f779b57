package org.kiobd.raid;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.kiobd.raid.TestArray.Shape;
import org.kiobd.raid.layout.StripeLayout;
import org.kiobd.store.testkit.FaultyMemberStore;
import org.kiobd.store.testkit.ReorderingMemberStore;
import org.kiobd.volume.ByteRange;
import org.kiobd.volume.IoError;
import org.kiobd.volume.kiobuf.Op;
import org.kiobd.volume.queue.MergeLimits;
import org.kiobd.volume.queue.RequestQueue;
import org.kiobd.volume.testkit.LeakCheck;
import org.kiobd.volume.testkit.ManualLoop;
import org.kiobd.volume.testkit.Ranges;
import org.kiobd.volume.testkit.Seeded;
import org.kiobd.volume.testkit.TestRequest;

/** I8: an original fails if and only if a byte range that failed intersects it, however chains were merged and split. */
@ExtendWith(LeakCheck.class)
class Raid0FaultTest {
    private final ManualLoop loop = new ManualLoop();

    /** A bad place, as the model knows it. */
    private record Bad(int member, ByteRange range, IoError error) {}

    private static @Nullable IoError firstError(StripeLayout layout, List<Bad> bad, long from, long end) {
        for (long at = from; at < end; at++) {
            for (Bad one : bad) {
                if (one.member == layout.member(at)
                        && Ranges.intersect(one.range, new ByteRange(layout.memberOffsetBytes(at), 1))) {
                    return one.error;
                }
            }
        }
        return null;
    }

    private List<TestRequest> neighbours(Op op, int sizeBytes, Random random) {
        List<TestRequest> requests = new ArrayList<>();
        int at = random.nextInt(Math.max(1, sizeBytes / 3));
        while (at < sizeBytes && requests.size() < 40) {
            int length = 1 + random.nextInt(Math.min(sizeBytes - at, Math.max(2, sizeBytes / 12)));
            byte[] data = new byte[length];
            random.nextBytes(data);
            requests.add(
                    switch (op) {
                        case READ -> TestRequest.read(loop, at, length, random);
                        case WRITE -> TestRequest.write(loop, at, data, random);
                        default -> TestRequest.range(loop, op, at, length);
                    });
            at += length;
        }
        return requests;
    }

    @Seeded(rounds = 20)
    void rule3_i8_exactlyTheOriginalsThatTouchABadPlaceFailWithItsError(Random random) {
        for (int round = 0; round < 8; round++) {
            Shape shape = Shape.random(random);
            int sizeBytes = shape.sizeBytes(random);
            List<FaultyMemberStore> members = shape.members(store ->
                    new FaultyMemberStore(random.nextBoolean() ? store : new ReorderingMemberStore(store, random)));
            boolean partial = random.nextInt(3) > 0;
            List<Bad> bad = new ArrayList<>();
            for (int i = 0; i < 1 + random.nextInt(3); i++) {
                int member = random.nextInt(shape.members());
                int from = random.nextInt(shape.memberBytes());
                int length = 1 + random.nextInt(Math.min(shape.memberBytes() - from, 1 + shape.chunkBytes() / 2));
                IoError error = random.nextBoolean() ? IoError.IO : IoError.NO_SPACE;
                ByteRange range = new ByteRange(from, length);
                if (bad.stream().anyMatch(one -> one.member == member && Ranges.intersect(one.range, range))) {
                    continue; // which of two errors one byte has would be anybody's guess
                }
                bad.add(new Bad(member, range, error));
                FaultyMemberStore.Fault fault = members.get(member).fail(range, error);
                if (!partial) {
                    fault.allOrNothing();
                }
            }
            ArrayDevice device = TestArray.device(shape.layout(), members, sizeBytes, 64);
            RequestQueue queue = new RequestQueue(device, loop, MergeLimits.DEFAULT);
            Op op = List.of(Op.READ, Op.WRITE, Op.TRIM, Op.WRITE_ZEROES).get(random.nextInt(4));
            List<TestRequest> requests = neighbours(op, sizeBytes, random);
            requests.forEach(request -> queue.accept(request.kiobuf()));
            loop.runAll();
            for (TestRequest request : requests) {
                IoError expected = firstError(
                        shape.layout(),
                        bad,
                        request.kiobuf().offsetBytes(),
                        request.kiobuf().endBytes());
                assertThat(request.completions()).as("%s", request).isEqualTo(1);
                // A member that transfers nothing does not say where it failed: only the fact is exact then.
                if (partial) {
                    assertThat(request.error()).as("%s bad=%s", request, bad).isEqualTo(expected);
                } else {
                    assertThat(request.error() == null)
                            .as("%s bad=%s", request, bad)
                            .isEqualTo(expected == null);
                }
            }
            requireBytes(queue, members, requests, op);
        }
    }

    /** The neighbours of what failed were really done. */
    private void requireBytes(RequestQueue queue, List<FaultyMemberStore> members, List<TestRequest> requests, Op op) {
        members.forEach(FaultyMemberStore::heal);
        for (TestRequest request : requests) {
            if (op == Op.WRITE && request.error() == null) {
                TestRequest read =
                        TestRequest.read(loop, request.kiobuf().offsetBytes(), request.data().length, new Random(1));
                queue.accept(read.kiobuf());
                loop.runAll();
                assertThat(read.data()).isEqualTo(request.data());
            }
        }
    }

    private List<TestRequest> writes(RequestQueue queue, int count, int bytes) {
        List<TestRequest> requests = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            requests.add(TestRequest.write(loop, (long) i * bytes, new byte[bytes], new Random(i)));
            queue.accept(requests.get(i).kiobuf());
        }
        loop.runAll();
        return requests;
    }

    @Test
    void rule3_i8_whatFailsOnceInAMergedOperationSucceedsAlone() {
        Shape shape = new Shape(2, 1000, 4);
        List<FaultyMemberStore> members = shape.members(FaultyMemberStore::new);
        members.get(0).fail(new ByteRange(300, 10), IoError.IO).times(1);
        ArrayDevice device = TestArray.device(shape.layout(), members, shape.capacityBytes(), 64);
        List<TestRequest> requests = writes(new RequestQueue(device, loop, MergeLimits.DEFAULT), 10, 100);
        assertThat(requests).allMatch(request -> request.completions() == 1 && request.error() == null);
        // Three hundred bytes were good: the other seven originals were sent again, each alone.
        assertThat(device.counters().reissuedOps()).isEqualTo(7);
        assertThat(device.counters().failedRequests()).isZero();
    }

    @Test
    void aLoneRequestIsNotSentAgain() {
        Shape shape = new Shape(2, 1000, 4);
        List<FaultyMemberStore> members = shape.members(FaultyMemberStore::new);
        members.get(0).fail(new ByteRange(30, 10), IoError.NO_SPACE).times(1);
        ArrayDevice device = TestArray.device(shape.layout(), members, shape.capacityBytes(), 64);
        List<TestRequest> requests = writes(new RequestQueue(device, loop, MergeLimits.DEFAULT), 1, 100);
        assertThat(requests.get(0).error()).isEqualTo(IoError.NO_SPACE);
        assertThat(requests.get(0).kiobuf().failedAtBytes()).isEqualTo(30);
        assertThat(device.counters().reissuedOps()).isZero();
        assertThat(device.counters().failedRequests()).isEqualTo(1);
    }

    @Test
    void rule3_i8_firstMiddleAndLastOriginalOfAChainFailAlone() {
        for (int victim : new int[] {0, 5, 9}) {
            Shape shape = new Shape(1, 1000, 4);
            List<FaultyMemberStore> members = shape.members(FaultyMemberStore::new);
            members.get(0).fail(new ByteRange(victim * 100 + 99, 1), IoError.IO);
            ArrayDevice device = TestArray.device(shape.layout(), members, shape.capacityBytes(), 64);
            List<TestRequest> requests = writes(new RequestQueue(device, loop, MergeLimits.DEFAULT), 10, 100);
            for (int i = 0; i < 10; i++) {
                assertThat(requests.get(i).error()).isEqualTo(i == victim ? IoError.IO : null);
            }
        }
    }

    @Test
    void rule3_ofTwoMembersThatFailTheLowerDeviceByteDecides() {
        Shape shape = new Shape(4, 100, 10);
        for (Op op : new Op[] {Op.WRITE, Op.TRIM}) {
            List<FaultyMemberStore> members = shape.members(FaultyMemberStore::new);
            // Device bytes 450 and 190: the later one lies lower inside its member's run than the other one.
            members.get(0).fail(new ByteRange(150, 1), IoError.IO);
            members.get(1).fail(new ByteRange(90, 1), IoError.NO_SPACE);
            ArrayDevice device = TestArray.device(shape.layout(), members, shape.capacityBytes(), 64);
            TestRequest request = op == Op.WRITE
                    ? TestRequest.write(loop, 0, new byte[1000], new Random(1))
                    : TestRequest.range(loop, op, 0, 1000);
            device.submit(request.chain());
            assertThat(request.error()).isEqualTo(IoError.NO_SPACE);
            assertThat(request.kiobuf().failedAtBytes()).isEqualTo(190);
        }
    }

    @Test
    void rule3_aRangeOperationIsChargedWhereTheDeviceByteFailed() {
        Shape shape = new Shape(4, 100, 10);
        List<FaultyMemberStore> members = shape.members(FaultyMemberStore::new);
        // On member 0 the run is good for 150 bytes, which end at device byte 450; member 2 fails at 260.
        members.get(0).fail(new ByteRange(150, 1), IoError.IO);
        members.get(2).fail(new ByteRange(60, 1), IoError.NO_SPACE);
        ArrayDevice device = TestArray.device(shape.layout(), members, shape.capacityBytes(), 64);
        TestRequest trim = TestRequest.range(loop, Op.TRIM, 0, 1000);
        device.submit(trim.chain());
        assertThat(trim.error()).isEqualTo(IoError.NO_SPACE);
        assertThat(trim.kiobuf().failedAtBytes()).isEqualTo(260);
    }
}
