package org.kiobd.volume.testkit;

import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.kiobd.volume.BlockDevice;
import org.kiobd.volume.ByteRange;
import org.kiobd.volume.DeviceCounters;
import org.kiobd.volume.DeviceInfo;
import org.kiobd.volume.IoError;
import org.kiobd.volume.kiobuf.Fragment;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.KiobufChain;
import org.kiobd.volume.kiobuf.Op;
import org.kiobd.volume.loop.IoLoop;

/**
 * What every device is compared with: an array of bytes, changed in order of arrival, each request ending at once. Any loops; one lock.
 */
public final class ModelDevice implements BlockDevice {
    private final byte[] bytes;
    private final Map<IoLoop, Runnable> listeners = new HashMap<>();
    private final List<KiobufChain> held = new ArrayList<>();
    private int freezes;
    private long requests;

    public ModelDevice(int sizeBytes) {
        bytes = new byte[sizeBytes];
    }

    @Override
    public DeviceInfo info() {
        return DeviceInfo.of("model", new UUID(0, 0), false);
    }

    @Override
    public long sizeBytes() {
        return bytes.length;
    }

    @Override
    public void submit(KiobufChain chain) {
        synchronized (this) {
            if (freezes > 0) {
                held.add(chain);
                return;
            }
        }
        Kiobuf original = chain.head();
        while (original != null) {
            Kiobuf next = original.next();
            if (!ByteRange.fits(original.offsetBytes(), original.lengthBytes(), bytes.length)) {
                original.charge(0, IoError.INVALID);
            } else {
                apply(original);
            }
            original.submitted();
            original = next;
        }
    }

    private synchronized void apply(Kiobuf original) {
        requests++;
        int at = (int) original.offsetBytes();
        if (original.op() == Op.TRIM || original.op() == Op.WRITE_ZEROES) {
            Arrays.fill(bytes, at, (int) original.endBytes(), (byte) 0);
        }
        for (int i = 0; i < original.fragmentCount(); i++) {
            Fragment fragment = original.fragment(i);
            ByteBuf memory = fragment.memory();
            if (original.op() == Op.WRITE) {
                memory.getBytes(fragment.offsetBytes(), bytes, at, fragment.lengthBytes());
            } else {
                memory.setBytes(fragment.offsetBytes(), bytes, at, fragment.lengthBytes());
            }
            at += fragment.lengthBytes();
        }
    }

    @Override
    public synchronized boolean hasRoom(KiobufChain chain) {
        return freezes == 0;
    }

    @Override
    public synchronized void onRoom(IoLoop loop, Runnable listener) {
        listeners.put(loop, listener);
    }

    @Override
    public void unplug(IoLoop loop) {}

    @Override
    public synchronized CompletionStage<@Nullable Void> freeze() {
        freezes++;
        return CompletableFuture.allOf();
    }

    @Override
    public synchronized void thaw() {
        freezes--;
        if (freezes == 0) {
            held.forEach(chain -> chain.loop().execute(() -> submit(chain)));
            held.clear();
            listeners.forEach(IoLoop::execute);
        }
    }

    @Override
    public synchronized DeviceCounters counters() {
        return new DeviceCounters(requests, requests, 0, 0, 0, 0, 0, List.of());
    }

    @Override
    public void close() {}
}
