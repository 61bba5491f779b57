package org.kiobd.nbd.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import org.kiobd.nbd.Export;
import org.kiobd.nbd.ExportRegistry;
import org.kiobd.nbd.NbdLimits;
import org.kiobd.nbd.NbdServer;
import org.kiobd.nbd.tls.TlsPolicy;
import org.kiobd.volume.kiobuf.PagePool;
import org.kiobd.volume.loop.IoEngine;
import org.kiobd.volume.loop.IoLoops;

/** A server with one export, "memory", on a TCP and a unix socket. Closing it checks that all memory is back. */
public final class RunningServer implements AutoCloseable {
    private final IoLoops loops;
    private final PagePool pool = new PagePool(160L << 20, NbdLimits.DEFAULT.maxConnections());
    private final ExportRegistry exports = new ExportRegistry();
    private final MemoryDevice device;
    private final NbdServer server;
    private final Path folder;
    private final URI tcp;
    private final URI unix;

    public RunningServer(IoEngine engine, int threads, MemoryDevice device, NbdLimits limits) throws IOException {
        this(engine, threads, device, limits, TlsPolicy.OFF);
    }

    public RunningServer(IoEngine engine, int threads, MemoryDevice device, NbdLimits limits, TlsPolicy tls)
            throws IOException {
        assertThat(engine.whyNot()).as("engine %s", engine).isNull();
        this.device = device;
        this.loops = new IoLoops(engine, threads);
        this.server = new NbdServer(loops, exports, pool, limits, tls);
        exports.add(new Export("memory", "for tests", device));
        // Not a test's temporary folder: a socket's path has at most 107 bytes.
        folder = Files.createTempDirectory("nbd");
        tcp = server.listenTcp("127.0.0.1", 0).uri("memory");
        unix = server.listenUnix(folder.resolve("socket")).uri("memory");
    }

    public URI tcp() {
        return tcp;
    }

    public URI unix() {
        return unix;
    }

    public NbdServer server() {
        return server;
    }

    public ExportRegistry exports() {
        return exports;
    }

    public MemoryDevice device() {
        return device;
    }

    public IoLoops loops() {
        return loops;
    }

    public PagePool pool() {
        return pool;
    }

    @Override
    public void close() throws IOException {
        server.close();
        assertThat(pool.reservedBytes()).as("reserved bytes").isZero();
        assertThat(pool.sharesInUse()).as("shares").isZero();
        loops.close();
        pool.close();
        assertThat(folder.resolve("socket")).doesNotExist();
        Files.delete(folder);
    }
}
