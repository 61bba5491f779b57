package org.kiobd.raid;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.kiobd.raid.ArrayState.ACTIVE;
import static org.kiobd.raid.ArrayState.CLOSED;
import static org.kiobd.raid.ArrayState.DEGRADED;
import static org.kiobd.raid.ArrayState.FAILED;

import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.kiobd.raid.TestArray.Shape;
import org.kiobd.store.testkit.FaultyMemberStore;
import org.kiobd.volume.IoError;
import org.kiobd.volume.testkit.LeakCheck;
import org.kiobd.volume.testkit.ManualLoop;
import org.kiobd.volume.testkit.TestRequest;

@ExtendWith(LeakCheck.class)
class ArrayStateTest {
    private static Set<ArrayState> legalMoves(ArrayState from) {
        return switch (from) {
            case ACTIVE -> EnumSet.of(DEGRADED, FAILED, CLOSED);
            case DEGRADED -> EnumSet.of(ACTIVE, FAILED, CLOSED);
            case FAILED -> EnumSet.of(CLOSED);
            case CLOSED -> EnumSet.noneOf(ArrayState.class);
        };
    }

    private static final Shape SHAPE = new Shape(2, 100, 10);

    private final ManualLoop loop = new ManualLoop();
    private final List<FaultyMemberStore> members = SHAPE.members(FaultyMemberStore::new);
    private final ArrayDevice device = TestArray.device(SHAPE.layout(), members, SHAPE.capacityBytes(), 64);

    private TestRequest run(TestRequest request) {
        device.submit(request.chain());
        device.unplug(loop);
        assertThat(request.completions()).isEqualTo(1);
        return request;
    }

    @ParameterizedTest
    @EnumSource
    void eachMoveIsLegalOrNotAsTheTableSays(ArrayState from) {
        for (ArrayState to : ArrayState.values()) {
            assertThat(from.canMoveTo(to))
                    .as("%s -> %s", from, to)
                    .isEqualTo(legalMoves(from).contains(to));
        }
    }

    @Test
    void onlyAnArrayWithAllItsDataAcceptsWrites() {
        assertThat(EnumSet.allOf(ArrayState.class))
                .filteredOn(ArrayState::acceptsWrites)
                .containsExactly(ACTIVE, DEGRADED);
    }

    @Test
    void anIllegalMoveThrowsAndChangesNothing() {
        ArrayStatus status = new ArrayStatus("test");
        assertThat(status.closed()).isEqualTo(ACTIVE);
        assertThatThrownBy(status::closed)
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("device=test: state=CLOSED cannot become CLOSED");
        assertThat(status.state()).isEqualTo(CLOSED);
    }

    @Test
    void aSyncThatFailsAfterTheCloseOpensNothing() {
        ArrayStatus status = new ArrayStatus("test");
        status.closed();
        status.syncFailed(0, members.get(0), IoError.IO);
        assertThat(status.state()).isEqualTo(CLOSED);
    }

    @Test
    void rule5_anArrayWhoseSyncFailedIsFailedUntilItIsClosed() throws Exception {
        assertThat(device.state()).isEqualTo(ACTIVE);
        members.get(1).failSyncs(IoError.IO);
        assertThat(run(TestRequest.flush(loop)).error()).isEqualTo(IoError.IO);
        assertThat(device.state()).isEqualTo(FAILED);
        members.forEach(FaultyMemberStore::heal);
        assertThat(run(TestRequest.flush(loop)).error()).isEqualTo(IoError.IO);
        assertThat(device.state()).isEqualTo(FAILED);
        loop.await(device.freeze());
        TestArray.closeFromAnotherThread(device, loop);
        assertThat(device.state()).isEqualTo(CLOSED);
        device.close();
        assertThat(device.state()).isEqualTo(CLOSED);
    }

    @Test
    void aFreezeIsNoState() {
        loop.await(device.freeze());
        assertThat(device.state()).isEqualTo(ACTIVE);
        device.thaw();
        loop.runAll();
        assertThat(run(TestRequest.write(loop, 0, new byte[10], new Random(1))).error())
                .isNull();
    }
}
