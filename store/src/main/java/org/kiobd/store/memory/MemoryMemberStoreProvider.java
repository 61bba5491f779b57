package org.kiobd.store.memory;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.kiobd.store.MemberStore;
import org.kiobd.store.MemberStoreProvider;
import org.kiobd.store.MemberUri;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;

/**
 * Makes and opens {@code memory:NAME} members: sparse memory that lives as long as this provider, so that a member keeps its data when it
 * is closed and opened again. Each creation of a plain {@code memory:} makes a new member. Owns the memory; {@link #close} frees that of
 * members that are not open. Thread-safe.
 */
public final class MemoryMemberStoreProvider implements MemberStoreProvider {
    private final Map<String, MemoryMedium> media = new ConcurrentHashMap<>();
    private final AtomicLong nameless = new AtomicLong();

    @Override
    public String scheme() {
        return "memory";
    }

    @Override
    public MemberStore create(MemberUri uri, long sizeBytes) throws BlockIoException {
        MemberUri named =
                uri.location().isEmpty() ? new MemberUri(scheme(), "nameless-" + nameless.incrementAndGet()) : uri;
        MemoryMedium medium = new MemoryMedium(sizeBytes);
        medium.open(false);
        if (media.putIfAbsent(named.location(), medium) != null) {
            throw new BlockIoException(IoError.INVALID, named + " exists already; choose another name");
        }
        return new MemoryMemberStore(named, medium, false, true);
    }

    @Override
    public MemberStore open(MemberUri uri, boolean readOnly) throws BlockIoException {
        return open(uri, readOnly, true);
    }

    @Override
    public MemberStore openRaw(MemberUri uri, boolean readOnly) throws BlockIoException {
        return open(uri, readOnly, false);
    }

    private MemberStore open(MemberUri uri, boolean readOnly, boolean superblocks) throws BlockIoException {
        MemoryMedium medium = media.get(uri.location());
        if (medium == null) {
            throw new BlockIoException(
                    IoError.INVALID,
                    "does not exist in this process; memory members end with the process that made them");
        }
        if (!medium.open(readOnly)) {
            throw new BlockIoException(IoError.NOT_PERMITTED, "is in use; close the other user first");
        }
        return new MemoryMemberStore(uri, medium, readOnly, superblocks);
    }

    @Override
    public boolean outlivesProcess() {
        return false;
    }

    @Override
    public boolean canRename() {
        return true;
    }

    @Override
    public void rename(MemberUri from, MemberUri to) throws BlockIoException {
        synchronized (media) {
            MemoryMedium medium = media.get(from.location());
            if (medium == null || media.putIfAbsent(to.location(), medium) != null) {
                throw new BlockIoException(
                        IoError.INVALID,
                        medium == null
                                ? from + " does not exist in this process; nothing was renamed"
                                : to + " exists already; it was not touched; choose another name");
            }
            media.remove(from.location());
        }
    }

    @Override
    public boolean exists(MemberUri uri) {
        return media.containsKey(uri.location());
    }

    @Override
    public long allocatedBytes(MemberUri uri) {
        MemoryMedium medium = media.get(uri.location());
        return medium == null ? -1 : medium.allocatedBytes();
    }

    @Override
    public void delete(MemberUri uri) throws BlockIoException {
        MemoryMedium medium = media.get(uri.location());
        if (medium != null) {
            if (!medium.open(false)) {
                throw new BlockIoException(IoError.NOT_PERMITTED, uri + " is in use; it was not deleted");
            }
            media.remove(uri.location(), medium);
        }
    }

    @Override
    public void close() {
        media.clear();
    }
}
