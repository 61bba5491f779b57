package org.kiobd.raid;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.kiobd.raid.TestArray.Shape;
import org.kiobd.store.ForwardingMemberStore;
import org.kiobd.store.MemberOp;
import org.kiobd.store.MemberPort;
import org.kiobd.store.MemberStore;
import org.kiobd.store.MemberUri;
import org.kiobd.store.memory.MemoryMemberStoreProvider;
import org.kiobd.store.testkit.FaultyMemberStore;
import org.kiobd.store.testkit.SlowMemberStore;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.ByteRange;
import org.kiobd.volume.Extent;
import org.kiobd.volume.IoError;
import org.kiobd.volume.loop.IoEngine;
import org.kiobd.volume.loop.IoLoop;
import org.kiobd.volume.loop.IoLoops;
import org.kiobd.volume.queue.MergeLimits;
import org.kiobd.volume.queue.RequestQueue;
import org.kiobd.volume.testkit.LeakCheck;
import org.kiobd.volume.testkit.ManualLoop;
import org.kiobd.volume.testkit.Seeded;
import org.kiobd.volume.testkit.TestLoops;
import org.kiobd.volume.testkit.TestRequest;

@ExtendWith(LeakCheck.class)
class Raid0FreezeTest {
    private static final Shape SHAPE = new Shape(2, 100, 10);

    private final ManualLoop loop = new ManualLoop();
    private final Random random = new Random(1);
    private final List<SlowMemberStore> members = SHAPE.members(SlowMemberStore::new);
    private final ArrayDevice device = TestArray.device(SHAPE.layout(), members, SHAPE.capacityBytes(), 64);

    private TestRequest write(long offsetBytes) {
        return TestRequest.write(loop, offsetBytes, new byte[10], random);
    }

    private static boolean isDone(CompletionStage<@Nullable Void> stage) {
        return stage.toCompletableFuture().isDone();
    }

    /** Knows whether it was closed. */
    private static final class ClosedMember extends ForwardingMemberStore {
        private boolean closed;

        ClosedMember(MemberStore beneath) {
            super(beneath);
        }

        @Override
        protected void submit(MemberOp op, IoLoop loop, MemberPort to) {
            to.submit(op);
        }

        @Override
        public void close() throws BlockIoException {
            closed = true;
            super.close();
        }
    }

    @Test
    void anInterruptedCloseClosesMembersAllTheSame() {
        List<ClosedMember> closing = members.stream().map(ClosedMember::new).toList();
        ArrayDevice interrupted = TestArray.device(SHAPE.layout(), closing, SHAPE.capacityBytes(), 64);
        TestRequest underWay = write(0);
        interrupted.submit(underWay.chain());
        Thread.currentThread().interrupt();
        assertThatThrownBy(interrupted::close).hasMessageContaining("interrupted while closing");
        assertThat(Thread.interrupted()).isTrue();
        assertThat(closing).allMatch(member -> member.closed);
        members.get(0).releaseAll(random);
        assertThat(underWay.completions()).isEqualTo(1);
    }

    @Test
    void acceptedRequestsFinishAndNewOnesWait() {
        TestRequest accepted = write(0);
        device.submit(accepted.chain());
        CompletionStage<@Nullable Void> idle = device.freeze();
        loop.runAll();
        assertThat(isDone(idle)).isFalse();
        TestRequest late = write(10);
        assertThat(device.hasRoom(late.chain())).isFalse();
        device.submit(late.chain());
        assertThat(members.get(0).held()).isEqualTo(1);
        members.get(0).release(0);
        assertThat(accepted.isDone()).isTrue();
        assertThat(isDone(idle)).isTrue();
        device.thaw();
        loop.runAll();
        assertThat(members.get(0).held()).isEqualTo(1);
        members.get(0).release(0);
        assertThat(late.completions()).isEqualTo(1);
        assertThatThrownBy(device::thaw).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void freezesNest() {
        device.hasRoom(TestRequest.flush(loop).chain());
        CompletionStage<@Nullable Void> first = device.freeze();
        CompletionStage<@Nullable Void> second = device.freeze();
        loop.runAll();
        assertThat(isDone(first) && isDone(second)).isTrue();
        device.thaw();
        loop.runAll();
        assertThat(device.hasRoom(TestRequest.flush(loop).chain())).isFalse();
        device.thaw();
        loop.runAll();
        assertThat(device.hasRoom(TestRequest.flush(loop).chain())).isTrue();
    }

    @Test
    void aQueueThatFoundADeviceFrozenGoesOnAfterTheThaw() {
        RequestQueue queue = new RequestQueue(device, loop, MergeLimits.DEFAULT);
        loop.await(device.freeze());
        TestRequest first = write(0);
        TestRequest second = write(10);
        queue.accept(first.kiobuf());
        loop.runAll();
        queue.accept(second.kiobuf());
        loop.runAll();
        assertThat(device.counters().requests()).isZero();
        device.thaw();
        loop.runAll();
        members.forEach(member -> member.releaseAll(random));
        assertThat(first.completions() + second.completions()).isEqualTo(2);
        assertThat(device.counters().chains()).isEqualTo(1);
    }

    @Test
    void everyFreezeIsToldEvenIfThawAndFreezeFollowAtOnce() {
        TestRequest accepted = write(0);
        device.submit(accepted.chain());
        CompletionStage<@Nullable Void> first = device.freeze();
        device.thaw();
        CompletionStage<@Nullable Void> second = device.freeze();
        loop.runAll();
        assertThat(isDone(first) || isDone(second)).isFalse();
        members.get(0).release(0);
        assertThat(isDone(first) && isDone(second)).isTrue();
    }

    @Test
    void aLoopThatComesDuringTheFreezeIsFrozenToo() {
        loop.await(device.freeze());
        ManualLoop other = new ManualLoop(1);
        TestRequest late = TestRequest.write(other, 0, new byte[10], random);
        assertThat(device.hasRoom(late.chain())).isFalse();
        device.submit(late.chain());
        assertThat(members.get(0).held()).isZero();
        device.thaw();
        other.runAll();
        members.get(0).release(0);
        assertThat(late.isDone()).isTrue();
    }

    @Test
    void itIsNotIdleWhileAFailedOperationIsSentAgainOneByOne() {
        // The first original fails at once, the second is slow: between the two nothing is under way for a moment.
        Shape single = new Shape(1, 100, 10);
        SlowMemberStore inner = single.members(SlowMemberStore::new).get(0);
        FaultyMemberStore faulty = new FaultyMemberStore(inner);
        faulty.fail(new ByteRange(0, 10), IoError.IO);
        SlowMemberStore gate = new SlowMemberStore(faulty);
        ArrayDevice one = TestArray.device(single.layout(), List.of(gate), single.capacityBytes(), 64);
        TestRequest first = write(0);
        TestRequest second = write(10);
        var chain = first.chain();
        chain.join(second.chain());
        one.submit(chain);
        CompletionStage<@Nullable Void> idle = one.freeze();
        loop.runAll();
        gate.releaseAll(random);
        assertThat(first.error()).isEqualTo(IoError.IO);
        assertThat(second.isDone()).isFalse();
        assertThat(isDone(idle)).isFalse();
        inner.release(0);
        assertThat(second.completions()).isEqualTo(1);
        assertThat(second.error()).isNull();
        assertThat(isDone(idle)).isTrue();
    }

    @Test
    void rule1_whatIsHeldWhenTheDeviceClosesEndsWithAnError() throws Exception {
        loop.await(device.freeze());
        TestRequest held = write(0);
        device.submit(held.chain());
        TestArray.closeFromAnotherThread(device, loop);
        assertThat(held.completions()).isEqualTo(1);
        assertThat(held.error()).isEqualTo(IoError.IO);
        TestRequest late = write(0);
        device.submit(late.chain());
        assertThat(late.error()).isEqualTo(IoError.IO);
    }

    /** A member asked by a port that is closed meanwhile would use a descriptor that is somebody else's by then. */
    @Test
    void whoAsksAboutExtentsIsInFlightToo() {
        CompletableFuture<List<Extent>> answer =
                device.extents(loop, new ByteRange(0, 300), 8).toCompletableFuture();
        CompletionStage<@Nullable Void> idle = device.freeze();
        loop.runAll();
        assertThat(answer.isDone() || isDone(idle)).isFalse();
        members.get(0).release(0);
        assertThat(answer.isDone() || isDone(idle)).isFalse();
        CompletableFuture<List<Extent>> late =
                device.extents(loop, new ByteRange(0, 300), 8).toCompletableFuture();
        members.get(1).release(0);
        assertThat(answer).isCompletedWithValue(List.of(new Extent(300, Extent.Kind.DATA)));
        assertThat(isDone(idle)).isTrue();
        assertThat(members).allMatch(member -> member.held() == 0);
        device.thaw();
        loop.runAll();
        members.forEach(member -> member.release(0));
        assertThat(late).isCompletedWithValue(List.of(new Extent(300, Extent.Kind.DATA)));
    }

    @Test
    void whoAsksAboutExtentsOfAFrozenDeviceIsToldWhenItCloses() throws Exception {
        loop.await(device.freeze());
        CompletableFuture<List<Extent>> held =
                device.extents(loop, new ByteRange(0, 300), 8).toCompletableFuture();
        assertThat(held.isDone()).isFalse();
        TestArray.closeFromAnotherThread(device, loop);
        assertThat(held).isCompletedExceptionally();
        assertThat(device.extents(loop, new ByteRange(0, 300), 8).toCompletableFuture())
                .isCompletedExceptionally();
        assertThat(members).allMatch(member -> member.held() == 0);
    }

    @Seeded(rounds = 2)
    void freezingSeveralLoopsAtWorkStopsThemAll(Random seeded) throws Exception {
        try (IoLoops loops = new IoLoops(IoEngine.NIO, 3)) {
            List<MemberStore> slow = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                slow.add(new SlowMemberStore(
                        new MemoryMemberStoreProvider().create(MemberUri.parse("memory:"), 1 << 20), 2));
            }
            Shape shape = new Shape(3, 4096, 256);
            ArrayDevice busy = TestArray.device(shape.layout(), slow, shape.capacityBytes(), 8);
            List<RequestQueue> queues = new ArrayList<>();
            for (IoLoop on : loops.all()) {
                queues.add(TestLoops.call(on, () -> new RequestQueue(busy, on, MergeLimits.DEFAULT)));
            }
            List<TestRequest> requests = new ArrayList<>();
            for (int round = 0; round < 12; round++) {
                for (int i = 0; i < 60; i++) {
                    int which = seeded.nextInt(3);
                    IoLoop on = loops.all().get(which);
                    TestRequest request = TestRequest.write(
                            on,
                            seeded.nextInt(shape.capacityBytes() - 9000),
                            new byte[1 + seeded.nextInt(9000)],
                            seeded);
                    requests.add(request);
                    on.execute(() -> queues.get(which).accept(request.kiobuf()));
                }
                TestLoops.await(busy.freeze().toCompletableFuture());
                assertThat(busy.counters().members()).allMatch(member -> member.inFlight() == 0);
                long issued = busy.counters().memberOps();
                for (IoLoop on : loops.all()) {
                    TestLoops.call(on, () -> true);
                }
                assertThat(busy.counters().memberOps()).isEqualTo(issued);
                busy.thaw();
            }
            for (TestRequest request : requests) {
                TestLoops.await(request.done());
                assertThat(request.completions()).isEqualTo(1);
                assertThat(request.endedOnItsLoop()).isTrue();
            }
            busy.close();
        }
    }
}
