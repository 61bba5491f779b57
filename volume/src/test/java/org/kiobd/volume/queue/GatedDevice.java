package org.kiobd.volume.queue;

import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.kiobd.volume.BlockDevice;
import org.kiobd.volume.DeviceCounters;
import org.kiobd.volume.DeviceInfo;
import org.kiobd.volume.IoError;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.KiobufChain;
import org.kiobd.volume.loop.IoLoop;

/** A device whose room and whose ends a test gives. One loop. */
final class GatedDevice implements BlockDevice {
    /** Chains in the order they came, and their originals as they were then. */
    final List<KiobufChain> submitted = new ArrayList<>();

    final List<String> log = new ArrayList<>();
    private final List<List<Kiobuf>> waiting = new ArrayList<>();
    Predicate<KiobufChain> room = chain -> true;
    boolean inline;
    int unplugs;
    private Runnable onRoom = () -> {};

    @Override
    public void submit(KiobufChain chain) {
        submitted.add(chain);
        log.add(chain.toString());
        List<Kiobuf> originals = new ArrayList<>();
        for (Kiobuf original = chain.head(); original != null; original = original.next()) {
            originals.add(original);
        }
        if (inline) {
            originals.forEach(Kiobuf::submitted);
        } else {
            waiting.add(originals);
        }
    }

    /** Ends the oldest chain under way. */
    void end(@Nullable IoError error) {
        for (Kiobuf original : waiting.remove(0)) {
            if (error != null) {
                original.charge(0, error);
            }
            original.submitted();
        }
    }

    int underWay() {
        return waiting.size();
    }

    void announceRoom() {
        onRoom.run();
    }

    @Override
    public DeviceInfo info() {
        return DeviceInfo.of("gated", new UUID(0, 0), false);
    }

    @Override
    public long sizeBytes() {
        return Long.MAX_VALUE;
    }

    @Override
    public boolean hasRoom(KiobufChain chain) {
        return room.test(chain);
    }

    @Override
    public void onRoom(IoLoop loop, Runnable listener) {
        onRoom = listener;
    }

    @Override
    public void unplug(IoLoop loop) {
        unplugs++;
    }

    @Override
    public CompletionStage<@Nullable Void> freeze() {
        return CompletableFuture.allOf();
    }

    @Override
    public void thaw() {}

    @Override
    public DeviceCounters counters() {
        return new DeviceCounters(0, 0, 0, 0, 0, 0, 0, List.of());
    }

    @Override
    public void close() {}
}
