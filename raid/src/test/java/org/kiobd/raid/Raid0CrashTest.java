package org.kiobd.raid;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.kiobd.raid.TestArray.Shape;
import org.kiobd.store.testkit.CrashingMemberStore;
import org.kiobd.store.testkit.SlowMemberStore;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.Op;
import org.kiobd.volume.queue.MergeLimits;
import org.kiobd.volume.queue.RequestQueue;
import org.kiobd.volume.testkit.ManualLoop;
import org.kiobd.volume.testkit.Seeded;
import org.kiobd.volume.testkit.TestRequest;

/**
 * I9: what was replied before a FLUSH that was replied, and a FUA write that was replied, survive a power cut after any number of member
 * operations. Requests under way when power goes never end, so buffers are given back by hand and no leak is looked for.
 */
class Raid0CrashTest {
    private final ManualLoop loop = new ManualLoop();

    /** Which values each byte may have after a crash. */
    private static final class Durability {
        final boolean[][] allowed;
        final List<List<Integer>> sinceSync = new ArrayList<>();

        Durability(int sizeBytes) {
            allowed = new boolean[sizeBytes][256];
            for (int i = 0; i < sizeBytes; i++) {
                allowed[i][0] = true;
                sinceSync.add(new ArrayList<>());
            }
        }

        /** A write was sent: from now on its value may be there. */
        void sent(int at, byte value) {
            allowed[at][value & 0xff] = true;
        }

        /** The value was replied; a later sync makes it the only one. */
        void replied(int at, byte value) {
            sinceSync.get(at).clear();
            sinceSync.get(at).add(value & 0xff);
        }

        void synced(int at) {
            if (!sinceSync.get(at).isEmpty()) {
                java.util.Arrays.fill(allowed[at], false);
                allowed[at][sinceSync.get(at).get(0)] = true;
            }
        }
    }

    @Seeded(rounds = 40)
    void rule4_i9_whatWasPromisedSurvives(Random random) {
        Shape shape = Shape.random(random);
        int sizeBytes = shape.sizeBytes(random);
        CrashingMemberStore.Power power = new CrashingMemberStore.Power(1 + random.nextInt(150));
        List<CrashingMemberStore> stores = new ArrayList<>();
        List<SlowMemberStore> members = new ArrayList<>();
        for (int i = 0; i < shape.members(); i++) {
            stores.add(new CrashingMemberStore(power, shape.memberBytes()));
            members.add(new SlowMemberStore(stores.get(i)));
        }
        ArrayDevice device = TestArray.device(shape.layout(), members, sizeBytes, 4);
        RequestQueue queue = new RequestQueue(device, loop, MergeLimits.DEFAULT);
        Durability durability = new Durability(sizeBytes);
        List<TestRequest> unfinished = new ArrayList<>();
        while (power.isOn()) {
            batch(queue, members, durability, unfinished, random);
        }
        stores.forEach(store -> store.crash(random));
        power.restore();
        ArrayDevice reopened = TestArray.device(shape.layout(), stores, sizeBytes, 64);
        TestRequest all = TestRequest.read(loop, 0, sizeBytes, random);
        reopened.submit(all.chain());
        for (int at = 0; at < sizeBytes; at++) {
            assertThat(durability.allowed[at][all.data()[at] & 0xff])
                    .as("byte %d has the value %d", at, all.data()[at])
                    .isTrue();
        }
        unfinished.stream()
                .filter(request -> !request.isDone())
                .forEach(request -> request.kiobuf().release());
    }

    /** Some writes side by side, then perhaps a FLUSH; ends are told in random order. */
    private void batch(
            RequestQueue queue,
            List<SlowMemberStore> members,
            Durability durability,
            List<TestRequest> unfinished,
            Random random) {
        List<TestRequest> writes = new ArrayList<>();
        int sizeBytes = durability.allowed.length;
        int at = random.nextInt(sizeBytes);
        for (int i = 0; i < 6 && at < sizeBytes; i++) {
            byte[] data = new byte[1 + random.nextInt(Math.min(sizeBytes - at, 600))];
            boolean zeroes = random.nextInt(4) == 0;
            if (!zeroes) {
                random.nextBytes(data);
            }
            TestRequest write = zeroes
                    ? TestRequest.range(loop, random.nextBoolean() ? Op.TRIM : Op.WRITE_ZEROES, at, data.length)
                    : TestRequest.write(loop, at, data, random);
            write.flags(random.nextInt(4) == 0 ? Kiobuf.FUA : 0);
            for (int b = 0; b < data.length; b++) {
                durability.sent(at + b, data[b]);
            }
            int start = at;
            write.kiobuf().addNotifier((completion, error) -> {
                assertThat(error).isNull();
                for (int b = 0; b < data.length; b++) {
                    durability.replied(start + b, data[b]);
                    if (write.kiobuf().has(Kiobuf.FUA)) {
                        durability.synced(start + b);
                    }
                }
            });
            writes.add(write);
            queue.accept(write.kiobuf());
            at += data.length + random.nextInt(2);
        }
        unfinished.addAll(writes);
        settle(members, random);
        if (random.nextBoolean()) {
            TestRequest flush = TestRequest.flush(loop);
            queue.accept(flush.kiobuf());
            settle(members, random);
            // Nothing else was under way: the reply covers every byte replied so far.
            for (int b = 0; b < sizeBytes && flush.isDone(); b++) {
                durability.synced(b);
            }
        }
    }

    private void settle(List<SlowMemberStore> members, Random random) {
        do {
            loop.runAll();
            members.forEach(member -> member.releaseAll(random));
        } while (loop.waitingTasks() > 0);
        members.forEach(SlowMemberStore::hold);
    }
}
