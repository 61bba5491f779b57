package org.kiobd.raid;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.kiobd.raid.layout.StripeLayout;
import org.kiobd.store.MemberStore;
import org.kiobd.store.format.VolumeManifest;
import org.kiobd.store.testkit.CrashingMemberStore;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.DeviceInfo;
import org.kiobd.volume.testkit.ManualLoop;

/** Small arrays over members a test has wrapped. */
final class TestArray {
    static final int[] MEMBERS = {1, 2, 3, 4, 7};
    static final int[] CHUNKS = {1, 5, 100, 512, 777, 4096};

    private TestArray() {}

    /** A shape of array. */
    record Shape(int members, int chunkBytes, int rows) {
        static Shape random(Random random) {
            return new Shape(
                    MEMBERS[random.nextInt(MEMBERS.length)],
                    CHUNKS[random.nextInt(CHUNKS.length)],
                    3 + random.nextInt(4));
        }

        int memberBytes() {
            return chunkBytes * rows;
        }

        int capacityBytes() {
            return memberBytes() * members;
        }

        /** A size whose last row need not be whole. */
        int sizeBytes(Random random) {
            return Math.max(1, capacityBytes() - random.nextInt(members * chunkBytes));
        }

        StripeLayout layout() {
            return new StripeLayout(members, chunkBytes);
        }

        /** Members in memory, each wrapped. */
        <T extends MemberStore> List<T> members(Function<MemberStore, T> wrapper) {
            CrashingMemberStore.Power power = new CrashingMemberStore.Power(Long.MAX_VALUE);
            List<T> made = new ArrayList<>();
            for (int i = 0; i < members; i++) {
                made.add(wrapper.apply(new CrashingMemberStore(power, memberBytes())));
            }
            return made;
        }
    }

    static ArrayDevice device(
            StripeLayout layout, List<? extends MemberStore> members, long sizeBytes, int maxInFlightPerMember) {
        VolumeManifest manifest = new VolumeManifest(
                "test",
                new UUID(0, 0),
                sizeBytes,
                layout.chunkBytes(),
                0,
                members.stream().map(MemberStore::uri).toList(),
                null);
        return new ArrayDevice(
                DeviceInfo.of("test", new UUID(0, 0), false),
                new Raid0Personality(layout),
                List.copyOf(members),
                ArrayMetadata.none(manifest, false),
                maxInFlightPerMember);
    }

    /** Closes a device while its only loop runs. */
    static void closeFromAnotherThread(ArrayDevice closing, ManualLoop loop) {
        CompletableFuture<@Nullable Void> closed = new CompletableFuture<>();
        new Thread(() -> {
                    try {
                        closing.close();
                        closed.complete(null);
                    } catch (BlockIoException e) {
                        closed.completeExceptionally(e);
                    }
                })
                .start();
        loop.await(closed);
    }
}
