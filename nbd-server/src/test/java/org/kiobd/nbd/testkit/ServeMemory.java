package org.kiobd.nbd.testkit;

import java.io.IOException;
import java.nio.file.Path;
import org.kiobd.nbd.Export;
import org.kiobd.nbd.ExportRegistry;
import org.kiobd.nbd.NbdLimits;
import org.kiobd.nbd.NbdServer;
import org.kiobd.volume.kiobuf.PagePool;
import org.kiobd.volume.loop.IoEngine;
import org.kiobd.volume.loop.IoLoops;

/** Serves memory until its standard input ends: for looking at the server with foreign clients. */
public final class ServeMemory {
    private ServeMemory() {}

    /** @param arguments engine, loops, size in MiB, TCP port, path of the unix socket */
    public static void main(String[] arguments) throws IOException {
        IoEngine engine = IoEngine.valueOf(arguments[0]);
        PagePool pool = new PagePool(256L << 20, NbdLimits.DEFAULT.maxConnections());
        ExportRegistry exports = new ExportRegistry();
        MemoryDevice device = new MemoryDevice(Integer.parseInt(arguments[2]) << 20);
        exports.add(new Export("memory", "bytes that do not last", device));
        try (IoLoops loops = new IoLoops(engine, Integer.parseInt(arguments[1]));
                NbdServer server = new NbdServer(loops, exports, pool, NbdLimits.DEFAULT)) {
            System.out.println("ready "
                    + server.listenTcp("127.0.0.1", Integer.parseInt(arguments[3]))
                            .uri("memory"));
            System.out.println(
                    "ready " + server.listenUnix(Path.of(arguments[4])).uri("memory"));
            while (System.in.read() >= 0) {
                // Nothing to say but the end.
            }
        }
        System.out.println("reservedBytes=" + pool.reservedBytes() + " "
                + exports.all().get(0).figures());
    }
}
