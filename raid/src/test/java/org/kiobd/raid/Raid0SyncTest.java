package org.kiobd.raid;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.kiobd.raid.TestArray.Shape;
import org.kiobd.store.testkit.FaultyMemberStore;
import org.kiobd.store.testkit.SlowMemberStore;
import org.kiobd.volume.ByteRange;
import org.kiobd.volume.IoError;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.Op;
import org.kiobd.volume.testkit.LeakCheck;
import org.kiobd.volume.testkit.ManualLoop;
import org.kiobd.volume.testkit.TestRequest;

/** Rules 4 and 5: what a sync covers, and that a failed one is never forgotten. */
@ExtendWith(LeakCheck.class)
class Raid0SyncTest {
    private static final Shape SHAPE = new Shape(3, 100, 10);

    private final ManualLoop loop = new ManualLoop();
    private final Random random = new Random(1);
    private final List<FaultyMemberStore> members = SHAPE.members(FaultyMemberStore::new);
    private final ArrayDevice device = TestArray.device(SHAPE.layout(), members, SHAPE.capacityBytes(), 64);

    private static @Nullable IoError run(ArrayDevice device, TestRequest request) {
        device.submit(request.chain());
        device.unplug(request.kiobuf().loop());
        assertThat(request.completions()).isEqualTo(1);
        return request.error();
    }

    private @Nullable IoError run(TestRequest request) {
        return run(device, request);
    }

    private TestRequest write(int flags) {
        return TestRequest.write(loop, 0, new byte[10], random).flags(flags);
    }

    private void requireSticky() {
        members.forEach(FaultyMemberStore::heal);
        assertThat(run(TestRequest.flush(loop))).isEqualTo(IoError.IO);
        assertThat(run(write(0))).isEqualTo(IoError.IO);
        assertThat(run(write(Kiobuf.FUA))).isEqualTo(IoError.IO);
        assertThat(run(TestRequest.range(loop, Op.TRIM, 0, 10))).isEqualTo(IoError.IO);
        assertThat(run(TestRequest.range(loop, Op.WRITE_ZEROES, 0, 10))).isEqualTo(IoError.IO);
        assertThat(run(TestRequest.read(loop, 0, 10, random))).isNull();
    }

    @Test
    void rule5_aFailedFlushOnOneMemberIsSticky() {
        assertThat(run(write(0))).isNull();
        members.get(1).failSyncs(IoError.NO_SPACE);
        assertThat(run(TestRequest.flush(loop))).isEqualTo(IoError.NO_SPACE);
        requireSticky();
    }

    @Test
    void rule5_aFailureAfterWhichTheMemberStillHasEverythingIsNot() {
        members.get(1).keepWhatFails(IoError.NO_SPACE);
        assertThat(run(write(0))).isNull();
        members.get(1).failSyncs(IoError.NO_SPACE);
        assertThat(run(TestRequest.flush(loop))).isEqualTo(IoError.NO_SPACE);
        members.forEach(FaultyMemberStore::heal);
        assertThat(run(write(0))).isNull();
        assertThat(run(TestRequest.flush(loop))).isNull();
        members.get(1).failSyncs(IoError.IO);
        assertThat(run(TestRequest.flush(loop))).isEqualTo(IoError.IO);
        requireSticky();
    }

    @Test
    void rule5_aFailedFuaIsSticky() {
        members.get(0).failSyncs(IoError.IO);
        assertThat(run(write(Kiobuf.FUA))).isEqualTo(IoError.IO);
        requireSticky();
    }

    @Test
    void rule5_fuaTouchesOnlyItsMembersSyncs() {
        members.get(2).failSyncs(IoError.IO);
        assertThat(run(write(Kiobuf.FUA))).isNull();
        assertThat(run(TestRequest.flush(loop))).isEqualTo(IoError.IO);
    }

    @Test
    void rule5_aFailedFuaWriteThatNeverArrivedIsNoFailedSync() {
        members.get(0).fail(new ByteRange(5, 1), IoError.NO_SPACE);
        assertThat(run(write(Kiobuf.FUA))).isEqualTo(IoError.NO_SPACE);
        members.forEach(FaultyMemberStore::heal);
        assertThat(run(write(0))).isNull();
        assertThat(run(TestRequest.flush(loop))).isNull();
    }

    @Test
    void rule5_aFlushUnderWayBesideOneThatFailsFails() {
        List<SlowMemberStore> slow = SHAPE.members(store -> new SlowMemberStore(new FaultyMemberStore(store)));
        FaultyMemberStore failing = new FaultyMemberStore(
                new Shape(1, 100, 10).members(store -> store).get(0));
        slow = List.of(new SlowMemberStore(failing), slow.get(1), slow.get(2));
        ArrayDevice held = TestArray.device(SHAPE.layout(), slow, SHAPE.capacityBytes(), 64);
        TestRequest first = TestRequest.flush(loop);
        TestRequest second = TestRequest.flush(loop);
        TestRequest fua = write(Kiobuf.FUA);
        failing.failSyncs(IoError.IO);
        held.submit(first.chain());
        // The kernel tells of lost pages once: the syncs that follow succeed.
        failing.heal();
        held.submit(second.chain());
        held.submit(fua.chain());
        assertThat(first.isDone() || second.isDone() || fua.isDone()).isFalse();
        slow.get(0).release(0);
        slow.get(0).releaseAll(random);
        slow.get(1).releaseAll(random);
        slow.get(2).releaseAll(random);
        assertThat(first.error()).isEqualTo(IoError.IO);
        assertThat(second.error()).isEqualTo(IoError.IO);
        assertThat(fua.error()).isEqualTo(IoError.IO);
        assertThat(fua.completions() + first.completions() + second.completions())
                .isEqualTo(3);
    }

    @Test
    void rule4_aFlushGoesToEveryMemberAndWaitsForTheSlowest() {
        List<SlowMemberStore> slow = SHAPE.members(SlowMemberStore::new);
        ArrayDevice held = TestArray.device(SHAPE.layout(), slow, SHAPE.capacityBytes(), 64);
        TestRequest flush = TestRequest.flush(loop);
        held.submit(flush.chain());
        for (SlowMemberStore member : slow) {
            assertThat(flush.isDone()).isFalse();
            assertThat(member.held()).isEqualTo(1);
            member.release(0);
        }
        assertThat(flush.completions()).isEqualTo(1);
        assertThat(flush.error()).isNull();
    }
}
