package org.kiobd.raid;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.kiobd.store.MemberCapabilities;
import org.kiobd.store.MemberCapability;
import org.kiobd.store.MemberPort;
import org.kiobd.store.MemberStore;
import org.kiobd.store.MemberStoreProvider;
import org.kiobd.store.MemberUri;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;
import org.kiobd.volume.loop.IoLoop;

/** {@code rigged:MACHINE/DISK}: members whose superblocks go to a {@link RiggedMachine}; they move no data. */
public final class RiggedStoreProvider implements MemberStoreProvider {
    private static final Map<String, RiggedMachine> MACHINES = new ConcurrentHashMap<>();
    private static final AtomicInteger NAMES = new AtomicInteger();

    /** A machine with empty disks; gone with {@link #forget}. */
    static RiggedMachine machine(int disks) {
        String name = "machine-" + NAMES.incrementAndGet();
        List<MemberUri> uris = new ArrayList<>();
        for (int i = 0; i < disks; i++) {
            uris.add(new MemberUri("rigged", name + "/" + i));
        }
        RiggedMachine machine = new RiggedMachine(uris);
        MACHINES.put(name, machine);
        return machine;
    }

    static void forget(RiggedMachine machine) {
        MACHINES.values().remove(machine);
    }

    private static RiggedMachine machine(MemberUri uri) throws BlockIoException {
        RiggedMachine machine =
                MACHINES.get(uri.location().substring(0, uri.location().indexOf('/')));
        if (machine == null) {
            throw new BlockIoException(IoError.INVALID, uri + " does not exist");
        }
        return machine;
    }

    private static int disk(MemberUri uri) {
        return Integer.parseInt(uri.location().substring(uri.location().indexOf('/') + 1));
    }

    @Override
    public String scheme() {
        return "rigged";
    }

    @Override
    public MemberStore create(MemberUri uri, long sizeBytes) throws BlockIoException {
        RiggedMachine machine = machine(uri);
        machine.length(disk(uri), sizeBytes);
        return new Store(uri, machine, false);
    }

    @Override
    public MemberStore open(MemberUri uri, boolean readOnly) throws BlockIoException {
        return new Store(uri, machine(uri), readOnly);
    }

    @Override
    public MemberStore openRaw(MemberUri uri, boolean readOnly) throws BlockIoException {
        throw new BlockIoException(IoError.NOT_SUPPORTED, uri + " is a member");
    }

    @Override
    public boolean exists(MemberUri uri) {
        return true;
    }

    @Override
    public long allocatedBytes(MemberUri uri) {
        return -1;
    }

    @Override
    public void delete(MemberUri uri) throws BlockIoException {
        throw new BlockIoException(IoError.NOT_SUPPORTED, uri + " stays");
    }

    private static final class Store implements MemberStore {
        private final MemberUri uri;
        private final RiggedMachine machine;
        private final int disk;
        private final boolean readOnly;
        private final int process;

        Store(MemberUri uri, RiggedMachine machine, boolean readOnly) {
            this.uri = uri;
            this.machine = machine;
            this.disk = disk(uri);
            this.readOnly = readOnly;
            this.process = machine.process();
        }

        @Override
        public MemberUri uri() {
            return uri;
        }

        @Override
        public MemberCapabilities capabilities() {
            return MemberCapabilities.of(
                    MemberCapability.TRIM,
                    MemberCapability.WRITE_ZEROES,
                    MemberCapability.FAST_ZERO,
                    MemberCapability.RESIZE,
                    MemberCapability.DURABLE_FLUSH);
        }

        @Override
        public long sizeBytes() {
            return machine.image(disk).readableBytes();
        }

        @Override
        public boolean isReadOnly() {
            return readOnly;
        }

        @Override
        public MemberPort port(IoLoop loop) {
            throw new UnsupportedOperationException("moves no data");
        }

        @Override
        public byte @Nullable [] readSuperblock(int copy) {
            return machine.image(disk).readable().get(copy).clone();
        }

        @Override
        public void writeSuperblock(int copy, byte[] bytes) throws BlockIoException {
            if (readOnly) {
                throw new AssertionError(uri + " is only read");
            }
            machine.write(process, disk, copy, bytes);
        }

        @Override
        public void resize(long newSizeBytes) throws BlockIoException {
            machine.resize(process, disk, newSizeBytes);
        }

        @Override
        public long allocatedBytes() {
            return -1;
        }

        @Override
        public boolean isSyncFailureFinal(IoError error) {
            return machine.failuresAreFinal();
        }

        @Override
        public void close() {}
    }
}
