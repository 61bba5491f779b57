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

/** A volume for one benchmark, made and opened as by a server; {@link #close} deletes its members. Used by one thread. */
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

    /** Makes a volume over new members in memory. */
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

    /** Closes the volume and deletes its members. The volume must be idle, and its event loops must still run. */
    @Override
    public void close() throws BlockIoException {
        device.close();
        for (MemberUri member : members) {
            stores.forUri(member).delete(member);
        }
    }
}
