package org.kiobd.it.kit;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.kiobd.nbd.Export;
import org.kiobd.nbd.ExportRegistry;
import org.kiobd.nbd.NbdLimits;
import org.kiobd.nbd.NbdServer;
import org.kiobd.raid.ArrayAssembler;
import org.kiobd.raid.ArraySpec;
import org.kiobd.raid.Volume;
import org.kiobd.store.MemberStores;
import org.kiobd.store.MemberUri;
import org.kiobd.volume.DeviceCounters;
import org.kiobd.volume.kiobuf.PagePool;
import org.kiobd.volume.loop.IoEngine;
import org.kiobd.volume.loop.IoLoops;
import org.kiobd.volume.queue.MergeLimits;

/**
 * A server inside the test's own process, over a real socket. It is for members that only a test has, which {@link KiobdServer}'s process
 * cannot open. Close it always. One thread.
 */
public final class InProcessServer implements AutoCloseable {
    private static final String NAME = "vol";
    private static final long SIZE_BYTES = 4L << 20;
    private static final long POOL_BYTES = 64L << 20;

    private final IoLoops loops;
    private final PagePool pool = new PagePool(POOL_BYTES, NbdLimits.DEFAULT.maxConnections());
    private final Volume device;
    private final NbdServer server;
    private final String uri;
    private boolean closed;

    /** Makes the members, opens the volume and serves it on {@code socket}. */
    public InProcessServer(IoEngine engine, Path socket, int chunkBytes, List<String> members) throws IOException {
        this(engine, socket, chunkBytes, members, MergeLimits.DEFAULT);
    }

    /** The same, merging as far as {@code limits} say. */
    public InProcessServer(IoEngine engine, Path socket, int chunkBytes, List<String> members, MergeLimits limits)
            throws IOException {
        String whyNot = engine.whyNot();
        if (whyNot != null) {
            throw new IllegalStateException("engine=" + engine + " does not run here: " + whyNot);
        }
        ArrayAssembler assembler = new ArrayAssembler(MemberStores.load());
        List<MemberUri> uris = members.stream().map(MemberUri::parse).toList();
        device = assembler.open(assembler.create(new ArraySpec(NAME, SIZE_BYTES, chunkBytes, uris)), false);
        loops = new IoLoops(engine, 1);
        ExportRegistry exports = new ExportRegistry();
        exports.add(new Export(NAME, "", device, limits, null));
        server = new NbdServer(loops, exports, pool, NbdLimits.DEFAULT);
        uri = server.listenUnix(socket).uri(NAME).toString();
    }

    /** Returns the URI of its export. */
    public String uri() {
        return uri;
    }

    /** Returns what the volume has counted. */
    public DeviceCounters counters() {
        return device.counters();
    }

    /** Ends it; every byte has to be back in the pool. */
    public void closeAndRequireFullPool() throws IOException {
        close();
        if (pool.reservedBytes() != 0) {
            throw new AssertionError("bytes that were not given back: " + pool.reservedBytes());
        }
    }

    @Override
    public void close() throws IOException {
        if (!closed) {
            closed = true;
            server.close();
            device.close();
            loops.close();
            pool.close();
        }
    }
}
