package org.kiobd.cli;

import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.kiobd.nbd.Export;
import org.kiobd.nbd.ExportRegistry;
import org.kiobd.nbd.Listener;
import org.kiobd.nbd.NbdLimits;
import org.kiobd.nbd.NbdServer;
import org.kiobd.nbd.tls.TlsMode;
import org.kiobd.nbd.tls.TlsPolicy;
import org.kiobd.raid.ArrayAssembler;
import org.kiobd.raid.Raid0Device;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.catalog.VolumeCatalog;
import org.kiobd.volume.catalog.VolumeLock;
import org.kiobd.volume.kiobuf.PagePool;
import org.kiobd.volume.loop.IoEngine;
import org.kiobd.volume.loop.IoLoops;
import org.kiobd.volume.queue.MergeLimits;
import org.kiobd.volume.store.MemberStores;
import org.kiobd.volume.store.MemberUri;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A server at work: opens volumes, listens, says when it is ready, waits for the signal to end, and ends in order: no new connection,
 * everything accepted finished and answered, members synced and closed, counters printed. Main thread; the end may come from the
 * shutdown hook.
 */
final class Serving {
    private static final Logger LOG = LoggerFactory.getLogger(Serving.class);

    private final CommonOptions common;
    private final ServeOptions options;
    private final IoEngine engine;
    private final MergeLimits mergeLimits;
    private final ArrayAssembler assembler;
    private final ExportRegistry exports = new ExportRegistry();
    private final List<ServedVolume> volumes = new ArrayList<>();
    private final CountDownLatch ended = new CountDownLatch(1);
    private @Nullable IoLoops loops;
    private @Nullable PagePool pool;
    private @Nullable NbdServer server;
    private boolean ending;
    private volatile boolean ready;

    Serving(CommonOptions common, ServeOptions options) {
        this.common = common;
        this.options = options;
        options.log.apply();
        this.engine = options.engine();
        this.mergeLimits = options.mergeLimits();
        this.assembler = new ArrayAssembler(MemberStores.load(), mergeLimits);
    }

    /** What is to be opened; may fail half-way. */
    @FunctionalInterface
    interface Opening {
        void open() throws BlockIoException;
    }

    /** Opens volumes; if one of them fails, those that were opened are closed again. */
    void open(Opening opening) throws BlockIoException {
        try {
            opening.open();
        } catch (BlockIoException e) {
            end();
            throw e;
        }
    }

    /** Opens a volume of the catalog and takes its lock. */
    void addVolume(VolumeCatalog catalog, String name, boolean readOnly) throws BlockIoException {
        VolumeLock lock = catalog.lock(name);
        try {
            Raid0Device device = assembler.open(catalog.load(name), readOnly);
            String description = "kiobd volume, " + Sizes.format(device.sizeBytes()) + " over "
                    + device.members().size() + " members";
            ServedVolume volume = add(device, description, catalog, lock);
            if (!device.manifest().equals(catalog.load(name))) {
                volume.saveManifest();
            }
        } catch (BlockIoException e) {
            lock.close();
            throw e;
        }
    }

    /** Opens a plain image, named after its file. */
    void addRaw(Path image, boolean readOnly) throws BlockIoException {
        Raid0Device device = assembler.openRaw(MemberUri.file(image), readOnly);
        add(device, "plain image " + image, null, null);
    }

    private ServedVolume add(
            Raid0Device device, String description, @Nullable VolumeCatalog catalog, @Nullable VolumeLock lock) {
        Export export = new Export(device.info().name(), description, device, mergeLimits);
        ServedVolume volume = new ServedVolume(device, export, engine, catalog, lock);
        volumes.add(volume);
        exports.add(export);
        return volume;
    }

    /** Serves until the process is told to end. */
    void run() throws BlockIoException {
        try {
            TlsPolicy tls = options.tls.policy();
            IoLoops started = new IoLoops(engine, options.threads());
            loops = started;
            PagePool memory = new PagePool(options.memoryBytes());
            pool = memory;
            NbdServer listening = new NbdServer(started, exports, memory, NbdLimits.DEFAULT, tls);
            server = listening;
            List<Listener> listeners = new ArrayList<>();
            for (ServeOptions.Address address : options.addresses()) {
                listeners.add(listening.listenTcp(address.host(), address.port()));
            }
            for (Path path : options.unix) {
                listeners.add(listening.listenUnix(path));
            }
            if (tls.mode() != TlsMode.REQUIRE) {
                listeners.stream().filter(Listener::isPublic).forEach(this::warn);
            }
            for (ServedVolume volume : volumes) {
                volume.announce();
            }
            endOnSignal();
            announce(listeners);
            ready = true;
        } catch (BlockIoException | RuntimeException e) {
            end();
            throw e;
        }
        try {
            ended.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            end();
        }
    }

    private void warn(Listener listener) {
        LOG.warn(
                "{} can be reached from other machines, and whoever reaches it may read and write in plain text;"
                        + " --tls-certificates DIR keeps others out",
                listener);
    }

    private void announce(List<Listener> listeners) {
        for (Listener listener : listeners) {
            for (ServedVolume volume : volumes) {
                URI uri = listener.uri(volume.export().name());
                String attach = attachCommand(listener, uri, volume.export().name());
                if (common.isJson()) {
                    Map<String, Object> json = new LinkedHashMap<>();
                    json.put("event", "ready");
                    json.put("volume", volume.export().name());
                    json.put("uri", uri.toString());
                    json.put("attach", attach);
                    json.put("engine", engine.toString());
                    common.print(CommonOptions.toJson(json));
                } else {
                    common.print("ready " + uri);
                    common.print("  " + attach);
                }
            }
        }
        if (!common.isJson()) {
            common.print("engine " + engine + ", " + options.threads() + " loops: " + options.engineReason(engine));
        }
    }

    private static String attachCommand(Listener listener, URI uri, String name) {
        String secure = uri.getScheme().startsWith("nbds") ? " -cacertfile ca-cert.pem" : "";
        return listener.path() == null
                ? "nbd-client " + uri.getHost() + " " + listener.port() + " -N " + name + secure + " -C 4 /dev/nbd0"
                : "nbd-client -unix " + listener.path() + " -N " + name + secure + " -C 4 /dev/nbd0";
    }

    /**
     * SIGTERM and SIGINT end in order and in exit code 0. The JVM itself would exit with 128 + signal behind its hooks, so the hook has
     * the last word; a second signal while it works has no effect, SIGKILL always does.
     */
    private void endOnSignal() {
        Runtime.getRuntime()
                .addShutdownHook(new Thread(
                        () -> {
                            if (end()) {
                                Runtime.getRuntime().halt(ExitCode.OK);
                            }
                        },
                        "kiobd-end"));
    }

    /** Ends in order, once; false if that was done before. */
    private synchronized boolean end() {
        if (ending) {
            return false;
        }
        ending = true;
        if (server != null) {
            server.close();
        }
        for (ServedVolume volume : volumes) {
            try {
                volume.close();
            } catch (BlockIoException | RuntimeException e) {
                LOG.error("volume={}: {}", volume.export().name(), e.getMessage());
            }
            if (ready && pool != null) {
                Map<String, Object> figures = volume.figures();
                // Of the whole process; anything but 0 at the end was lost on the way.
                figures.put("poolReservedBytes", pool.reservedBytes());
                common.answer(volume.figuresLine(), figures);
            }
        }
        if (loops != null) {
            loops.close();
        }
        ended.countDown();
        return true;
    }
}
