package org.kiobd.it.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.kiobd.raid.ArrayAssembler;
import org.kiobd.raid.ArraySpec;
import org.kiobd.raid.Volume;
import org.kiobd.store.MemberStores;
import org.kiobd.store.MemberUri;
import org.kiobd.volume.BlockIoException;

/** An array of its own, made and opened as a server would, that goes away with its members. One thread. */
final class BenchArray implements AutoCloseable {
    private static final AtomicLong NEXT = new AtomicLong();

    private final MemberStores stores = MemberStores.load();
    private final Volume device;
    private final List<MemberUri> members;

    BenchArray(long sizeBytes, long chunkBytes, List<MemberUri> members) throws BlockIoException {
        this.members = members;
        ArrayAssembler assembler = new ArrayAssembler(stores);
        device = assembler.open(assembler.create(new ArraySpec("bench", sizeBytes, chunkBytes, members)), false);
    }

    /** Over members in memory. */
    static BenchArray inMemory(int members, long sizeBytes, long chunkBytes) throws BlockIoException {
        List<MemberUri> uris = new ArrayList<>();
        for (int i = 0; i < members; i++) {
            uris.add(new MemberUri("memory", "bench-" + NEXT.incrementAndGet()));
        }
        return new BenchArray(sizeBytes, chunkBytes, uris);
    }

    Volume device() {
        return device;
    }

    /** The device is idle, and its loops still run. */
    @Override
    public void close() throws BlockIoException {
        device.close();
        for (MemberUri member : members) {
            stores.forUri(member).delete(member);
        }
    }
}
