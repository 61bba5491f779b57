package org.kiobd.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.kiobd.cli.control.PrivateFolder;
import org.kiobd.nbd.Export;
import org.kiobd.nbd.ExportRegistry;
import org.kiobd.nbd.Listener;
import org.kiobd.nbd.NbdLimits;
import org.kiobd.nbd.NbdServer;
import org.kiobd.nbd.tls.TlsPolicy;
import org.kiobd.raid.ArrayAssembler;
import org.kiobd.raid.Raid0Device;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;
import org.kiobd.volume.catalog.VolumeCatalog;
import org.kiobd.volume.catalog.VolumeLock;
import org.kiobd.volume.catalog.VolumeNames;
import org.kiobd.volume.kiobuf.PagePool;
import org.kiobd.volume.loop.IoEngine;
import org.kiobd.volume.loop.IoLoops;
import org.kiobd.volume.queue.MergeLimits;
import org.kiobd.volume.store.CacheMode;
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
    private final WaysIn waysIn;
    private final IoEngine engine;
    private final MergeLimits mergeLimits;
    private final CacheMode cache;
    private final MemberStores stores;
    private final ArrayAssembler assembler;
    private final ExportRegistry exports = new ExportRegistry();
    private final List<ServedVolume> volumes = new ArrayList<>();
    private final CountDownLatch ended = new CountDownLatch(1);
    private @Nullable IoLoops loops;
    private @Nullable PagePool pool;
    private @Nullable NbdServer server;
    private boolean ending;
    private volatile boolean ready;
    private final CountDownLatch clientGone = new CountDownLatch(1);
    private @Nullable CapturedCommand captured;
    private @Nullable PrivateFolder privateFolder;

    Serving(CommonOptions common, ServeOptions options) {
        this.common = common;
        this.options = options;
        this.waysIn = options.waysIn;
        options.log.apply(waysIn.isCaptive());
        this.engine = options.engine();
        this.mergeLimits = options.mergeLimits();
        this.cache = options.cacheMode();
        this.stores = MemberStores.load();
        stores.memoryBytes(options.memoryBytes() / 8 * 3);
        this.assembler = new ArrayAssembler(stores, mergeLimits, cache);
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
            if (!VolumeNames.isSnapshot(name)) {
                new Snapshots(catalog, stores).tidy(name);
            }
            Raid0Device device = assembler.open(catalog.load(name), readOnly || VolumeNames.isSnapshot(name));
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
        ServedVolume volume = new ServedVolume(device, export, new ServedVolume.Ways(engine, cache), catalog, lock);
        volumes.add(volume);
        exports.add(export);
        new CacheLabel(cache).warn(device);
        return volume;
    }

    /**
     * Serves until the process is told to end, or who it was started for has ended.
     *
     * @return the exit code
     */
    int run() throws BlockIoException {
        List<Listener> listeners;
        CapturedCommand command = null;
        try {
            NbdServer listening = start();
            listeners = listen(listening);
            for (ServedVolume volume : volumes) {
                volume.announce();
            }
            endOnSignal();
            if (waysIn.exitWithParent) {
                ParentDeath.endsUs();
            }
            if (waysIn.single) {
                listening.serveInherited(0).thenRun(clientGone::countDown);
            }
            ready(listeners);
            ready = true;
            if (waysIn.run != null) {
                command = startCommand(waysIn.run, listeners.get(0));
            }
        } catch (BlockIoException | RuntimeException e) {
            end();
            throw e;
        }
        try {
            return await(command);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            end();
            return ExitCode.FAILED;
        }
    }

    /** Null if a signal came first: the command would outlive the server. */
    private synchronized @Nullable CapturedCommand startCommand(String command, Listener listener)
            throws BlockIoException {
        if (!ending) {
            captured = CapturedCommand.start(
                    command, listener, volumes.get(0).export().name());
        }
        return captured;
    }

    private int await(@Nullable CapturedCommand command) throws InterruptedException {
        if (command != null) {
            int exitCode = command.await();
            end();
            return exitCode;
        }
        if (waysIn.single) {
            clientGone.await();
            end();
        }
        ended.await();
        return ExitCode.OK;
    }

    private NbdServer start() throws BlockIoException {
        TlsPolicy tls = options.tls.policy(
                volumes.stream().map(volume -> volume.export().name()).collect(Collectors.toCollection(TreeSet::new)));
        IoLoops started = new IoLoops(engine, options.threads(), options.spinNanos());
        loops = started;
        PagePool memory = new PagePool(options.memoryBytes(), NbdLimits.DEFAULT.maxConnections());
        pool = memory;
        NbdServer listening = new NbdServer(started, exports, memory, NbdLimits.DEFAULT, tls);
        server = listening;
        return listening;
    }

    private List<Listener> listen(NbdServer listening) throws BlockIoException {
        List<Listener> listeners = new ArrayList<>();
        for (int i = 0; i < waysIn.passedSockets(); i++) {
            listeners.add(listening.listenInherited(WaysIn.passedFd(i)));
        }
        for (ServeOptions.Address address : options.addresses()) {
            listeners.add(listening.listenTcp(address.host(), address.port()));
        }
        for (Path path : options.unix) {
            listeners.add(listening.listenUnix(path));
        }
        if (listeners.isEmpty() && waysIn.run != null) {
            listeners.add(listening.listenUnix(privateFolder().path().resolve("nbd.sock")));
        }
        if (!options.tls.isRequired()) {
            listeners.stream().filter(Listener::isPublic).forEach(this::warn);
        }
        return listeners;
    }

    private PrivateFolder privateFolder() throws BlockIoException {
        try {
            PrivateFolder made = PrivateFolder.make();
            privateFolder = made;
            return made;
        } catch (IOException e) {
            throw new BlockIoException(IoError.IO, "cannot make a temporary folder: " + e.getMessage(), e);
        }
    }

    private void ready(List<Listener> listeners) throws BlockIoException {
        if (waysIn.pidFile != null) {
            try {
                Files.writeString(waysIn.pidFile, ProcessHandle.current().pid() + System.lineSeparator());
            } catch (IOException e) {
                throw new BlockIoException(IoError.IO, "--pidfile=" + waysIn.pidFile + " cannot be written: " + e, e);
            }
        }
        if (waysIn.isQuiet()) {
            return;
        }
        new ReadyLines(common, engine, cache)
                .print(
                        listeners,
                        volumes.stream().map(volume -> volume.export().name()).toList());
        if (!common.isJson()) {
            common.print("engine " + engine + ", " + options.threads() + " loops: " + options.engineReason(engine)
                    + new CacheLabel(cache).inLine());
        }
    }

    private void warn(Listener listener) {
        LOG.warn(
                "{} can be reached from other machines, and whoever reaches it may read and write in plain text;"
                        + " --tls-certificates DIR keeps others out",
                listener);
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
            if (ready && pool != null && !waysIn.isQuiet()) {
                Map<String, Object> figures = volume.figures();
                // Of the whole process; anything but 0 at the end was lost on the way.
                figures.put("poolReservedBytes", pool.reservedBytes());
                common.answer(volume.figuresLine(), figures);
            }
        }
        if (loops != null) {
            loops.close();
        }
        if (captured != null) {
            captured.stop();
        }
        removeFiles();
        ended.countDown();
        return true;
    }

    private void removeFiles() {
        try {
            if (ready && waysIn.pidFile != null) {
                Files.deleteIfExists(waysIn.pidFile);
            }
            if (privateFolder != null) {
                privateFolder.remove();
            }
        } catch (IOException e) {
            LOG.warn("a file of this server could not be removed: {}", e.toString());
        }
    }
}
