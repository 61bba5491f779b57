package org.kiobd.volume.queue;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.kiobd.volume.IoError;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.Op;
import org.kiobd.volume.testkit.LeakCheck;
import org.kiobd.volume.testkit.ManualLoop;
import org.kiobd.volume.testkit.Seeded;

@ExtendWith(LeakCheck.class)
class RequestQueueTest {
    private static final MergeLimits LIMITS = new MergeLimits(1 << 20, 100, 1000, 1);

    private final ManualLoop loop = new ManualLoop();
    private final GatedDevice device = new GatedDevice();
    private final List<String> ended = new ArrayList<>();
    private RequestQueue queue = new RequestQueue(device, loop, LIMITS);

    private Kiobuf request(Op op, long offsetBytes, long lengthBytes) {
        Kiobuf request = new Kiobuf(loop, op, offsetBytes, lengthBytes);
        request.addNotifier((completion, error) -> ended.add(request + (error == null ? "" : " " + error)));
        return request;
    }

    private Kiobuf trim(long offsetBytes, long lengthBytes) {
        return request(Op.TRIM, offsetBytes, lengthBytes);
    }

    private Kiobuf flush() {
        return request(Op.FLUSH, 0, 0);
    }

    /** With room for everything, a chain that the queue still had would be issued now. */
    private void requireNothingWaits() {
        int before = device.submitted.size();
        device.room = chain -> true;
        device.announceRoom();
        loop.runAll();
        assertThat(device.submitted).hasSize(before);
    }

    @Test
    void oneTurnOfTheLoopIsOneBatch() {
        for (int i = 0; i < 10; i++) {
            queue.accept(trim(i * 10L, 10));
        }
        assertThat(device.log).isEmpty();
        assertThat(loop.waitingTasks()).isEqualTo(1);
        loop.runAll();
        assertThat(device.log).containsExactly("TRIM[0,100) originals=10");
        assertThat(device.unplugs).isEqualTo(1);
        device.end(null);
        assertThat(ended).hasSize(10);
    }

    @Test
    void aPlugThatWaitsCollectsOverSeveralTurns() {
        queue = new RequestQueue(device, loop, LIMITS.withPlugDelay(50_000));
        for (int i = 0; i < 10; i++) {
            queue.accept(trim(i * 10L, 10));
            loop.runAll();
        }
        assertThat(device.log).isEmpty();
        loop.passTime();
        loop.runAll();
        assertThat(device.log).containsExactly("TRIM[0,100) originals=10");
        queue.accept(trim(500, 10));
        loop.passTime();
        loop.runAll();
        device.end(null);
        assertThat(device.log).as("and again").hasSize(2).endsWith("TRIM[500,510) originals=1");
        device.end(null);
        assertThat(ended).hasSize(11);
    }

    @Test
    void aFullPlugIsPulledAtOnce() {
        queue = new RequestQueue(device, loop, new MergeLimits(1 << 20, 100, 4, 1));
        for (int i = 0; i < 10; i++) {
            queue.accept(trim(i * 10L, 10));
        }
        assertThat(device.log).containsExactly("TRIM[0,40) originals=4", "TRIM[40,80) originals=4");
        loop.runAll();
        assertThat(device.log).hasSize(3).last().isEqualTo("TRIM[80,100) originals=2");
    }

    @Test
    void whatFindsNoRoomMergesOnAndGoesWhenThereIsRoom() {
        device.room = chain -> chain.offsetBytes() >= 1000;
        queue.accept(trim(0, 10));
        queue.accept(trim(1000, 10));
        loop.runAll();
        assertThat(device.log).containsExactly("TRIM[1000,1010) originals=1");
        queue.accept(trim(10, 10));
        loop.runAll();
        assertThat(device.log).hasSize(1);
        device.room = chain -> true;
        device.announceRoom();
        assertThat(device.log).hasSize(2).last().isEqualTo("TRIM[0,20) originals=2");
        requireNothingWaits();
    }

    @Test
    void i7_aFlushDrawsTheLineButWaitsForNothing() {
        queue.accept(trim(0, 10));
        queue.accept(flush());
        queue.accept(trim(10, 10));
        queue.accept(trim(20, 10));
        loop.runAll();
        assertThat(device.log)
                .containsExactlyInAnyOrder(
                        "FLUSH[0,0) originals=1", "TRIM[0,10) originals=1", "TRIM[10,30) originals=2");
    }

    @Test
    void flushesGatherBehindTheOneUnderWay() {
        queue.accept(flush());
        loop.runAll();
        for (int i = 0; i < 5; i++) {
            queue.accept(flush());
            loop.runAll();
        }
        assertThat(device.log).containsExactly("FLUSH[0,0) originals=1");
        device.end(IoError.IO);
        assertThat(ended).containsExactly("FLUSH[0,0) IO");
        assertThat(device.log).last().isEqualTo("FLUSH[0,0) originals=5");
        assertThat(device.submitted).hasSize(2);
        device.end(null);
        assertThat(ended).hasSize(6);
        queue.accept(flush());
        loop.runAll();
        assertThat(device.submitted).hasSize(3);
    }

    @Test
    void aFlushWhoseClientThrowsDoesNotStopTheNextOnes() {
        Kiobuf bad = new Kiobuf(loop, Op.FLUSH, 0, 0);
        bad.addNotifier((completion, error) -> {
            throw new IllegalStateException("injected");
        });
        queue.accept(bad);
        loop.runAll();
        device.end(null);
        queue.accept(flush());
        loop.runAll();
        assertThat(device.submitted).hasSize(2);
    }

    @Test
    void completionsThatBringNeighboursInlineLoseNothing() {
        device.inline = true;
        int[] left = {1000};
        bringNext(left, 0);
        loop.runAll();
        assertThat(ended).hasSize(1001);
        requireNothingWaits();
        assertThat(device.log).allMatch(chain -> chain.endsWith("originals=1"));
    }

    private void bringNext(int[] left, long offsetBytes) {
        Kiobuf request = trim(offsetBytes, 10);
        request.addNotifier((completion, error) -> {
            if (left[0]-- > 0) {
                bringNext(left, offsetBytes + 10);
            }
        });
        queue.accept(request);
    }

    @Test
    void completionsThatFillThePlugInlineLoseNothing() {
        queue = new RequestQueue(device, loop, new MergeLimits(1 << 20, 100, 1, 1));
        completionsThatBringNeighboursInlineLoseNothing();
    }

    @Test
    void theUnissuedRequestsOfOneOwnerAreDropped() {
        Object gone = "gone";
        Object stays = "stays";
        device.room = chain -> false;
        queue.accept(trim(0, 10).owner(gone));
        queue.accept(trim(10, 10).owner(stays));
        queue.accept(trim(20, 10).owner(gone));
        queue.accept(trim(100, 10).owner(stays));
        queue.accept(flush().owner(gone));
        queue.accept(flush().owner(stays));
        loop.runAll();
        assertThat(queue.dropUnissued(gone)).isEqualTo(3);
        assertThat(ended).containsExactlyInAnyOrder("TRIM[0,10) DROPPED", "TRIM[20,30) DROPPED", "FLUSH[0,0) DROPPED");
        assertThat(queue.dropUnissued(gone)).isZero();
        // What was cut out of a chain is alone from now on.
        queue.accept(trim(20, 10).owner(stays));
        loop.runAll();
        device.room = chain -> true;
        device.announceRoom();
        assertThat(device.log)
                .containsExactlyInAnyOrder(
                        "FLUSH[0,0) originals=1",
                        "TRIM[10,20) originals=1",
                        "TRIM[20,30) originals=1",
                        "TRIM[100,110) originals=1");
        while (device.underWay() > 0) {
            device.end(null);
        }
        assertThat(ended).hasSize(7);
    }

    @Test
    void droppingFromWithinACompletionIssuesNothingThatWasDropped() {
        device.inline = true;
        Object gone = "gone";
        Kiobuf first = trim(0, 10).owner(gone);
        first.addNotifier((completion, error) -> queue.dropUnissued(gone));
        queue.accept(first);
        queue.accept(trim(100, 10).owner(gone));
        queue.accept(trim(200, 10));
        queue.accept(trim(210, 10).owner(gone));
        loop.runAll();
        assertThat(ended)
                .containsExactlyInAnyOrder(
                        "TRIM[0,10)", "TRIM[100,110) DROPPED", "TRIM[210,220) DROPPED", "TRIM[200,210)");
        assertThat(device.log).containsExactlyInAnyOrder("TRIM[0,10) originals=1", "TRIM[200,210) originals=1");
        requireNothingWaits();
    }

    /** A chain waits as a whole for a requester in doubt; the others in it must not wait for an event that may never come. */
    @Test
    void whatWaitedBesideARequesterThatIsGoneIsIssued() {
        Requester inDoubt = nowNanos -> false;
        queue.accept(trim(0, 10).owner(inDoubt));
        queue.accept(trim(10, 10).owner("stays"));
        loop.runAll();
        assertThat(device.log).isEmpty();
        assertThat(queue.dropUnissued(inDoubt)).isEqualTo(1);
        assertThat(device.log).containsExactly("TRIM[10,20) originals=1");
        device.end(null);
        assertThat(ended).containsExactlyInAnyOrder("TRIM[0,10) DROPPED", "TRIM[10,20)");
    }

    @Seeded
    void i1_whateverHappensEachRequestEndsOnce(Random random) {
        Object[] owners = {"a", "b", "c"};
        int accepted = 0;
        for (int step = 0; step < 3000; step++) {
            switch (random.nextInt(8)) {
                case 0 -> {
                    long blocked = random.nextInt(50);
                    device.room = random.nextBoolean() ? chain -> true : chain -> chain.offsetBytes() > blocked * 10;
                    device.announceRoom();
                }
                case 1 -> device.inline = random.nextBoolean();
                case 2 -> {
                    if (device.underWay() > 0) {
                        device.end(random.nextInt(5) == 0 ? IoError.IO : null);
                    }
                }
                case 3 -> loop.runAll();
                case 4 -> {
                    if (random.nextInt(10) == 0) {
                        queue.dropUnissued(owners[random.nextInt(3)]);
                    }
                }
                default -> {
                    Kiobuf request = random.nextInt(10) == 0 ? flush() : trim(random.nextInt(50) * 10L, 10);
                    Object owner = owners[random.nextInt(3)];
                    if (random.nextInt(20) == 0) {
                        request.addNotifier((completion, error) -> queue.dropUnissued(owner));
                    }
                    queue.accept(request.owner(owner));
                    accepted++;
                }
            }
        }
        device.room = chain -> true;
        device.announceRoom();
        loop.runAll();
        while (device.underWay() > 0) {
            device.end(null);
            loop.runAll();
        }
        assertThat(ended).hasSize(accepted);
        requireNothingWaits();
    }
}
