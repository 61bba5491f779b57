package org.kiobd.raid;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.kiobd.raid.TestArray.Shape;
import org.kiobd.store.MemberStore;
import org.kiobd.store.testkit.RecordingMemberStore;
import org.kiobd.store.testkit.ReorderingMemberStore;
import org.kiobd.store.testkit.SlowMemberStore;
import org.kiobd.volume.ByteRange;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.Op;
import org.kiobd.volume.queue.MergeLimits;
import org.kiobd.volume.queue.RequestQueue;
import org.kiobd.volume.testkit.LeakCheck;
import org.kiobd.volume.testkit.ManualLoop;
import org.kiobd.volume.testkit.Ranges;
import org.kiobd.volume.testkit.Seeded;
import org.kiobd.volume.testkit.TestRequest;

/** The whole way of a request, from the queue to members that reorder and hold back, against an array of bytes. */
@ExtendWith(LeakCheck.class)
class Raid0ModelTest {
    private final ManualLoop loop = new ManualLoop();
    private final List<SlowMemberStore> slow = new ArrayList<>();
    private final List<TestRequest> inFlight = new ArrayList<>();
    private final List<byte[]> expectedReads = new ArrayList<>();

    private MemberStore wrap(MemberStore store, Random random) {
        MemberStore wrapped =
                random.nextBoolean() ? new ReorderingMemberStore(store, random, random.nextBoolean()) : store;
        if (random.nextInt(3) == 0) {
            SlowMemberStore held = new SlowMemberStore(wrapped);
            slow.add(held);
            return held;
        }
        return wrapped;
    }

    private boolean conflicts(TestRequest request) {
        ByteRange range =
                new ByteRange(request.kiobuf().offsetBytes(), request.kiobuf().lengthBytes());
        for (TestRequest other : inFlight) {
            boolean mutates =
                    request.kiobuf().op().mutates() || other.kiobuf().op().mutates();
            if (mutates
                    && Ranges.intersect(
                            range,
                            new ByteRange(
                                    other.kiobuf().offsetBytes(), other.kiobuf().lengthBytes()))) {
                return true;
            }
        }
        return false;
    }

    private TestRequest random(Random random, int sizeBytes, int chunkBytes) {
        int reach = Math.min(sizeBytes, random.nextBoolean() ? 3 * chunkBytes + 2 : 40);
        int length = 1 + random.nextInt(reach);
        int boundary = random.nextInt(sizeBytes / chunkBytes + 1) * chunkBytes + random.nextInt(3) - 1;
        int offset =
                Math.max(0, Math.min(random.nextBoolean() ? boundary : random.nextInt(sizeBytes), sizeBytes - length));
        TestRequest request = switch (random.nextInt(9)) {
            case 0 -> TestRequest.range(loop, Op.TRIM, offset, length);
            case 1 ->
                TestRequest.range(loop, Op.WRITE_ZEROES, offset, length)
                        .flags(random.nextBoolean() ? Kiobuf.NO_HOLE : 0);
            case 2 -> TestRequest.flush(loop);
            case 3 -> TestRequest.range(loop, Op.CACHE, offset, length);
            case 4, 5 -> TestRequest.read(loop, offset, length, random);
            default -> {
                byte[] data = new byte[length];
                random.nextBytes(data);
                yield TestRequest.write(loop, offset, data, random);
            }
        };
        if (request.kiobuf().op().mutates() && random.nextInt(8) == 0) {
            request.flags(request.kiobuf().flags() | Kiobuf.FUA);
        }
        return request;
    }

    private static void apply(TestRequest request, byte[] model) {
        int at = (int) request.kiobuf().offsetBytes();
        switch (request.kiobuf().op()) {
            case WRITE -> System.arraycopy(request.data(), 0, model, at, request.data().length);
            case TRIM, WRITE_ZEROES ->
                Arrays.fill(model, at, (int) request.kiobuf().endBytes(), (byte) 0);
            case READ, FLUSH, CACHE -> {}
        }
    }

    private void quiesce(Random random) {
        // A held end may let chains go that are held again.
        do {
            loop.runAll();
            slow.forEach(store -> store.releaseAll(random));
        } while (loop.waitingTasks() > 0);
        for (int i = 0; i < inFlight.size(); i++) {
            TestRequest request = inFlight.get(i);
            assertThat(request.completions()).as("%s", request).isEqualTo(1);
            assertThat(request.error()).as("%s", request).isNull();
            if (request.kiobuf().op() == Op.READ) {
                assertThat(request.data()).as("%s", request).isEqualTo(expectedReads.get(i));
            }
        }
        inFlight.clear();
        expectedReads.clear();
        slow.forEach(SlowMemberStore::hold);
    }

    @Seeded(rounds = 12)
    void everyReadIsWhatTheModelSays(Random random) {
        Shape shape = Shape.random(random);
        int sizeBytes = shape.sizeBytes(random);
        byte[] model = new byte[sizeBytes];
        ArrayDevice device = TestArray.device(
                shape.layout(), shape.members(store -> wrap(store, random)), sizeBytes, 1 + random.nextInt(6));
        RequestQueue queue = new RequestQueue(
                device,
                loop,
                new MergeLimits(1 + random.nextInt(20_000), 1 + random.nextInt(30), 1 + random.nextInt(50), 1));
        int requests = 0;
        for (int step = 0; step < 600; step++) {
            TestRequest request = random(random, sizeBytes, shape.chunkBytes());
            if (conflicts(request)) {
                quiesce(random);
            }
            apply(request, model);
            inFlight.add(request);
            expectedReads.add(
                    request.kiobuf().op() == Op.READ
                            ? Arrays.copyOfRange(model, (int) request.kiobuf().offsetBytes(), (int)
                                    request.kiobuf().endBytes())
                            : new byte[0]);
            queue.accept(request.kiobuf());
            requests++;
            if (random.nextInt(10) == 0) {
                loop.runAll();
            }
            if (!slow.isEmpty() && random.nextInt(6) == 0) {
                SlowMemberStore one = slow.get(random.nextInt(slow.size()));
                if (one.held() > 0) {
                    one.release(random.nextInt(one.held()));
                }
            }
        }
        quiesce(random);
        assertThat(device.counters().requests()).isEqualTo(requests);
        assertThat(device.counters().members()).allMatch(member -> member.inFlight() == 0);
        TestRequest all = TestRequest.read(loop, 0, sizeBytes, random);
        queue.accept(all.kiobuf());
        quiesce(random);
        assertThat(all.data()).isEqualTo(model);
    }

    /** Overlapping requests in flight have no order, but each byte must come from one of them. */
    @Seeded(rounds = 4)
    void rule6_overlappingWritesInFlightMixOnlyTheirOwnBytes(Random random) {
        Shape shape = Shape.random(random);
        int sizeBytes = shape.sizeBytes(random);
        ArrayDevice device = TestArray.device(
                shape.layout(), shape.members(store -> wrap(store, random)), sizeBytes, 1 + random.nextInt(6));
        RequestQueue queue = new RequestQueue(device, loop, MergeLimits.DEFAULT);
        byte[] before = new byte[sizeBytes];
        for (int round = 0; round < 20; round++) {
            boolean[][] allowed = new boolean[sizeBytes][256];
            boolean[] touched = new boolean[sizeBytes];
            for (int i = 0; i < 8; i++) {
                int length = 1 + random.nextInt(Math.min(sizeBytes, 3 * shape.chunkBytes()));
                int offset = random.nextInt(sizeBytes - length + 1);
                byte[] data = new byte[length];
                Arrays.fill(data, (byte) random.nextInt(256));
                for (int b = 0; b < length; b++) {
                    allowed[offset + b][data[b] & 0xff] = true;
                    touched[offset + b] = true;
                }
                TestRequest write = TestRequest.write(loop, offset, data, random);
                inFlight.add(write);
                expectedReads.add(data);
                queue.accept(write.kiobuf());
            }
            quiesce(random);
            TestRequest all = TestRequest.read(loop, 0, sizeBytes, random);
            queue.accept(all.kiobuf());
            quiesceRead(random);
            for (int b = 0; b < sizeBytes; b++) {
                byte now = all.data()[b];
                assertThat(touched[b] ? allowed[b][now & 0xff] : now == before[b])
                        .isTrue();
            }
            before = all.data();
        }
    }

    private void quiesceRead(Random random) {
        do {
            loop.runAll();
            slow.forEach(store -> store.releaseAll(random));
        } while (loop.waitingTasks() > 0);
        slow.forEach(SlowMemberStore::hold);
    }

    @Test
    void rule2_originalsOffTheSlowMemberEndFirst() {
        int chunk = 64 << 10;
        Shape shape = new Shape(4, chunk, 4);
        List<SlowMemberStore> members = shape.members(SlowMemberStore::new);
        for (int i = 0; i < 4; i++) {
            if (i != 2) {
                members.get(i).releaseAll(new Random(0));
            }
        }
        ArrayDevice device = TestArray.device(shape.layout(), members, shape.capacityBytes(), 64);
        RequestQueue queue = new RequestQueue(device, loop, MergeLimits.DEFAULT);
        List<TestRequest> requests = new ArrayList<>();
        for (int i = 0; i < 256; i++) {
            requests.add(TestRequest.write(loop, i * 4096L, new byte[4096], new Random(i)));
            queue.accept(requests.get(i).kiobuf());
        }
        loop.runAll();
        assertThat(device.counters().chains()).isEqualTo(1);
        assertThat(device.counters().memberOps()).isEqualTo(4);
        for (int i = 0; i < 256; i++) {
            boolean onSlow = shape.layout().member(i * 4096L) == 2;
            assertThat(requests.get(i).completions()).isEqualTo(onSlow ? 0 : 1);
        }
        members.get(2).releaseAll(new Random(0));
        assertThat(requests).allMatch(request -> request.completions() == 1);
    }

    @Test
    @SuppressWarnings("ReferenceEquality") // the same memory, not memory with the same bytes
    void payloadIsGatheredFromWhereItWasReceived() {
        Shape shape = new Shape(3, 100, 50);
        List<RecordingMemberStore> members = shape.members(RecordingMemberStore::new);
        ArrayDevice device = TestArray.device(shape.layout(), members, shape.capacityBytes(), 64);
        RequestQueue queue = new RequestQueue(device, loop, MergeLimits.DEFAULT);
        List<TestRequest> requests = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            requests.add(TestRequest.write(loop, i * 333L, new byte[333], new Random(i)));
            queue.accept(requests.get(i).kiobuf().retain());
        }
        loop.runAll();
        for (RecordingMemberStore member : members) {
            assertThat(member.seen()).hasSize(1);
            for (RecordingMemberStore.Entry entry : member.seen().get(0).entries()) {
                boolean own = false;
                for (int i = 0; i < entry.original().fragmentCount(); i++) {
                    own |= entry.original().fragment(i).memory() == entry.memory();
                }
                assertThat(own).isTrue();
            }
        }
        requests.forEach(request -> request.kiobuf().release());
    }
}
