package org.kiobd.it.clients;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.kiobd.it.bench.RiggedStore;
import org.kiobd.store.MemberOp;
import org.kiobd.store.MemberPort;
import org.kiobd.store.MemberStore;
import org.kiobd.store.MemberStoreProvider;
import org.kiobd.store.MemberStores;
import org.kiobd.store.MemberUri;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;
import org.kiobd.volume.loop.IoLoop;
import org.kiobd.volume.loop.NettyIoLoop;

/**
 * Members in trouble, found as every other store is, by the scheme of their URI: {@code slow:file:PATH} starts each operation 100 ms
 * late, {@code single:file:PATH} does one at a time and takes a millisecond for each, {@code failing:file:PATH} fails each READ and
 * WRITE. What is behind the scheme is an ordinary member. Any thread.
 */
public abstract sealed class TroubledStoreProvider implements MemberStoreProvider {
    /** How late a slow member starts an operation. */
    static final int DELAY_MS = 100;

    private final String scheme;

    private TroubledStoreProvider(String scheme) {
        this.scheme = scheme;
    }

    /** {@code slow:}. */
    public static final class Slow extends TroubledStoreProvider {
        public Slow() {
            super("slow");
        }

        @Override
        void submit(IoLoop loop, MemberPort port, MemberOp op) {
            var unused = ((NettyIoLoop) loop)
                    .eventLoop()
                    .schedule(
                            () -> {
                                port.submit(op);
                                port.unplug();
                            },
                            DELAY_MS,
                            TimeUnit.MILLISECONDS);
        }
    }

    /** {@code single:}, for servers with one loop. */
    public static final class Single extends TroubledStoreProvider {
        /** What one operation takes, and then the next one begins. */
        static final long OP_NANOS = 1_000_000;

        private final Map<MemberPort, Long> freeAtNanos = new ConcurrentHashMap<>();

        public Single() {
            super("single");
        }

        @Override
        void submit(IoLoop loop, MemberPort port, MemberOp op) {
            long nowNanos = System.nanoTime();
            long endNanos = Math.max(nowNanos, freeAtNanos.getOrDefault(port, nowNanos)) + OP_NANOS;
            freeAtNanos.put(port, endNanos);
            loop.schedule(
                    () -> {
                        port.submit(op);
                        port.unplug();
                    },
                    endNanos - nowNanos);
        }
    }

    /** {@code failing:}. */
    public static final class Failing extends TroubledStoreProvider {
        public Failing() {
            super("failing");
        }

        @Override
        void submit(IoLoop loop, MemberPort port, MemberOp op) {
            if (op.op().carriesData()) {
                op.complete(0, IoError.IO);
            } else {
                port.submit(op);
            }
        }
    }

    /** Does to an operation what this kind of trouble does. */
    abstract void submit(IoLoop loop, MemberPort port, MemberOp op);

    @Override
    public final String scheme() {
        return scheme;
    }

    private static MemberStoreProvider behind(MemberUri uri) throws BlockIoException {
        return MemberStores.load().forUri(inner(uri));
    }

    private static MemberUri inner(MemberUri uri) {
        return MemberUri.parse(uri.location());
    }

    @Override
    public final MemberStore create(MemberUri uri, long sizeBytes) throws BlockIoException {
        return troubled(uri, behind(uri).create(inner(uri), sizeBytes));
    }

    @Override
    public final MemberStore open(MemberUri uri, boolean readOnly) throws BlockIoException {
        return troubled(uri, behind(uri).open(inner(uri), readOnly));
    }

    @Override
    public final MemberStore openRaw(MemberUri uri, boolean readOnly) throws BlockIoException {
        return troubled(uri, behind(uri).openRaw(inner(uri), readOnly));
    }

    @Override
    public final boolean exists(MemberUri uri) {
        try {
            return behind(uri).exists(inner(uri));
        } catch (BlockIoException e) {
            return false;
        }
    }

    @Override
    public final long allocatedBytes(MemberUri uri) {
        try {
            return behind(uri).allocatedBytes(inner(uri));
        } catch (BlockIoException e) {
            return -1;
        }
    }

    @Override
    public final void delete(MemberUri uri) throws BlockIoException {
        behind(uri).delete(inner(uri));
    }

    private MemberStore troubled(MemberUri uri, MemberStore store) {
        return new RiggedStore(uri, (op, loop, to) -> submit(loop, to, op), store);
    }
}
