package org.kiobd.it.bench;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.kiobd.store.MemberStore;
import org.kiobd.store.MemberStoreProvider;
import org.kiobd.store.MemberUri;
import org.kiobd.store.memory.MemoryMemberStoreProvider;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;

/**
 * Makes and opens {@code rigged:NAME} members: members in memory whose operations go to the {@link RiggedStore.Rig} that a benchmark has
 * registered under that name. {@link java.util.ServiceLoader} finds it like every provider, so that the array over its members is the real
 * one. Thread-safe.
 */
public final class RiggedStoreProvider implements MemberStoreProvider {
    private static final String SCHEME = "rigged";
    private static final Map<String, RiggedStore.Rig> RIGS = new ConcurrentHashMap<>();
    private static final AtomicLong NEXT = new AtomicLong();

    private final MemoryMemberStoreProvider memory = new MemoryMemberStoreProvider();

    /** Completes every operation at once and copies nothing, so that only the path to the member is measured. */
    static final RiggedStore.Rig NOTHING = (op, loop, to) -> op.complete(op.lengthBytes(), null);

    /** Registers {@code rig} under a new name and returns the URI for a member with that name. */
    static MemberUri place(RiggedStore.Rig rig) {
        String name = "member-" + NEXT.incrementAndGet();
        RIGS.put(name, rig);
        return new MemberUri(SCHEME, name);
    }

    private static MemberUri beneath(MemberUri uri) {
        return new MemberUri("memory", SCHEME + "-" + uri.location());
    }

    @Override
    public String scheme() {
        return SCHEME;
    }

    private static MemberStore rigged(MemberUri uri, MemberStore store) throws BlockIoException {
        RiggedStore.Rig rig = RIGS.get(uri.location());
        if (rig == null) {
            throw new BlockIoException(IoError.INVALID, "member=" + uri + " was not set up by a benchmark");
        }
        return new RiggedStore(uri, rig, store);
    }

    @Override
    public MemberStore create(MemberUri uri, long sizeBytes) throws BlockIoException {
        return rigged(uri, memory.create(beneath(uri), sizeBytes));
    }

    @Override
    public MemberStore open(MemberUri uri, boolean readOnly) throws BlockIoException {
        return rigged(uri, memory.open(beneath(uri), readOnly));
    }

    @Override
    public MemberStore openRaw(MemberUri uri, boolean readOnly) throws BlockIoException {
        return rigged(uri, memory.openRaw(beneath(uri), readOnly));
    }

    @Override
    public boolean exists(MemberUri uri) {
        return memory.exists(beneath(uri));
    }

    @Override
    public long allocatedBytes(MemberUri uri) {
        return memory.allocatedBytes(beneath(uri));
    }

    @Override
    public void delete(MemberUri uri) throws BlockIoException {
        memory.delete(beneath(uri));
        RIGS.remove(uri.location());
    }
}
