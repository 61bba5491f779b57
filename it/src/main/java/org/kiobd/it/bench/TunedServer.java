package org.kiobd.it.bench;

import java.io.IOException;
import java.nio.file.Path;
import org.kiobd.manage.catalog.VolumeCatalog;
import org.kiobd.manage.catalog.VolumeLock;
import org.kiobd.nbd.Export;
import org.kiobd.nbd.ExportRegistry;
import org.kiobd.nbd.NbdLimits;
import org.kiobd.nbd.NbdServer;
import org.kiobd.raid.ArrayAssembler;
import org.kiobd.raid.Volume;
import org.kiobd.store.MemberStores;
import org.kiobd.store.file.FileMemberStoreProvider;
import org.kiobd.store.file.FileTuning;
import org.kiobd.volume.kiobuf.PagePool;
import org.kiobd.volume.loop.IoEngine;
import org.kiobd.volume.loop.IoLoops;

/**
 * Serves a volume of file members as {@code kiobd serve --threads 1} does, with calls on the loop by another policy: {@code TunedServer HOME
 * NAME SOCKET NEVER|WHILE_THEY_RETURN_AT_ONCE|ALWAYS}. Ends with its process; for it/slow-disk.
 */
public final class TunedServer {
    private static final long MEMORY_BYTES = 256L << 20;
    private static final long SPIN_NANOS = 50_000;

    private TunedServer() {}

    public static void main(String[] args) throws IOException, InterruptedException {
        String name = args[1];
        FileTuning tuning = FileTuning.DEFAULT.with(FileTuning.Calls.valueOf(args[3]));
        VolumeCatalog catalog = new VolumeCatalog(Path.of(args[0]));
        try (VolumeLock lock = catalog.lock(name);
                MemberStores stores = MemberStores.of(new FileMemberStoreProvider(tuning));
                PagePool pool = new PagePool(MEMORY_BYTES, NbdLimits.DEFAULT.maxConnections());
                IoLoops loops = new IoLoops(IoEngine.best(), 1, SPIN_NANOS);
                Volume device = new ArrayAssembler(stores).open(catalog.load(name), false)) {
            ExportRegistry exports = new ExportRegistry();
            exports.add(new Export(name, "", device));
            try (NbdServer server = new NbdServer(loops, exports, pool, NbdLimits.DEFAULT)) {
                System.out.println(
                        "ready: " + server.listenUnix(Path.of(args[2])).uri(name));
                Thread.currentThread().join();
            }
        }
    }
}
