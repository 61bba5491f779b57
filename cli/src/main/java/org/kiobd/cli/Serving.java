package org.kiobd.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.kiobd.cli.SeveralAtATime.Outcome;
import org.kiobd.cli.control.ControlServer;
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
import org.kiobd.volume.store.file.SystemErrors;
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
    private final TlsPolicy tls;
    private final @Nullable PidFile pidFile;
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
    private @Nullable ControlServer control;
    private boolean ending;
    private volatile boolean ready;
    /** The exit code of an orderly end; one in which something could not be saved is a failure. */
    private volatile int endCode = ExitCode.OK;

    private final CountDownLatch clientGone = new CountDownLatch(1);
    private @Nullable CapturedCommand captured;
    private @Nullable PrivateFolder privateFolder;

    /**
     * Looks at all options, before anything is opened.
     *
     * @param names of all exports there may be
     */
    Serving(CommonOptions common, ServeOptions options, Set<String> names) throws BlockIoException {
        this.common = common;
        this.options = options;
        this.waysIn = options.waysIn;
        options.log.apply(waysIn.isCaptive());
        ServeChecks.check(options);
        this.tls = options.tls.policy(new TreeSet<>(names));
        this.pidFile = waysIn.pidFile == null ? null : new PidFile(waysIn.pidFile);
        this.engine = options.engine();
        this.mergeLimits = options.mergeLimits();
        this.cache = options.cacheMode();
        this.stores = MemberStores.load();
        stores.memoryBytes(options.memoryBytes() / 8 * 3);
        this.assembler = new ArrayAssembler(stores, mergeLimits, cache);
    }

    /**
     * Opens what is to be served. If one of them fails that may not, those that were opened are closed again.
     *
     * @throws BlockIoException with the last reason; those before are printed
     */
    void open(List<Openings.Wanted> wanted) throws BlockIoException {
        Openings openings = new Openings();
        try {
            openings.open(wanted);
        } catch (BlockIoException | RuntimeException e) {
            volumes.addAll(openings.opened());
            end();
            throw e;
        }
        volumes.addAll(openings.opened());
        List<BlockIoException> failures = openings.failures();
        if (!failures.isEmpty()) {
            end();
            BlockIoException last = failures.get(failures.size() - 1);
            failures.stream()
                    .filter(failure -> failure != last)
                    .forEach(failure -> common.complain(failure.getMessage()));
            throw last;
        }
        for (ServedVolume volume : volumes) {
            exports.add(volume.export());
            volume.warn();
        }
    }

    /** Opens a volume of the catalog and takes its lock. Any thread. */
    ServedVolume openVolume(VolumeCatalog catalog, String name, boolean readOnly) throws BlockIoException {
        boolean reading = readOnly || VolumeNames.isSnapshot(name);
        VolumeLock lock = reading ? catalog.lockForReading(name) : catalog.lock(name);
        try {
            if (!reading) {
                new Snapshots(catalog, stores).tidy(name);
            }
            catalog.requireFinished(name);
            Raid0Device device = assembler.open(catalog.load(name), reading);
            String description = "kiobd volume, " + Sizes.format(device.sizeBytes()) + " over "
                    + device.members().size() + " members";
            ServedVolume volume = served(device, description, catalog, lock);
            if (!reading && !device.manifest().equals(catalog.load(name))) {
                volume.saveManifest();
            }
            return volume;
        } catch (BlockIoException e) {
            lock.close();
            throw e;
        }
    }

    /** Opens a plain image, named after its file. Any thread. */
    ServedVolume openRaw(Path image, boolean readOnly) throws BlockIoException {
        Raid0Device device = assembler.openRaw(MemberUri.file(image), readOnly);
        return served(device, "plain image " + image, null, null);
    }

    private ServedVolume served(
            Raid0Device device, String description, @Nullable VolumeCatalog catalog, @Nullable VolumeLock lock) {
        Export export = new Export(device.info().name(), description, device, mergeLimits);
        return new ServedVolume(device, export, new ServedVolume.Ways(engine, cache), catalog, lock);
    }

    /** Beside the first volume, in a folder only its owner may enter; plain images alone are not asked about. */
    private void announce() throws BlockIoException {
        Path place = null;
        for (ServedVolume volume : volumes) {
            place = place == null ? volume.controlPlace() : place;
        }
        if (place == null) {
            return;
        }
        try {
            ControlServer started = ControlServer.start(place);
            control = started;
            for (ServedVolume volume : volumes) {
                volume.announce(started);
            }
        } catch (BlockIoException e) {
            throw e;
        } catch (IOException e) {
            BlockIoException failure = SystemErrors.failure("cannot open the control socket " + place, e);
            if (!volumes.stream().allMatch(ServedVolume::isReadOnly)) {
                throw failure;
            }
            LOG.warn("{}; kiobd info has no live figures", failure.getMessage());
        }
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
            announce();
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
            return exitCode == ExitCode.OK ? endCode : exitCode;
        }
        if (waysIn.single) {
            clientGone.await();
            end();
        }
        ended.await();
        return endCode;
    }

    private NbdServer start() throws BlockIoException {
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
            listeners.add(reachable(listening.listenUnix(path), path));
        }
        if (listeners.isEmpty() && waysIn.run != null) {
            listeners.add(listening.listenUnix(privateFolder().path().resolve("nbd.sock")));
        }
        if (!options.tls.isRequired()) {
            listeners.stream().filter(Listener::isPublic).forEach(this::warn);
        }
        return listeners;
    }

    private static Listener reachable(Listener listener, Path path) throws BlockIoException {
        try {
            Umask.openSocket(path);
            return listener;
        } catch (IOException e) {
            throw new BlockIoException(IoError.IO, "--unix=" + path + ": its mode cannot be set: " + e, e);
        }
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
        if (pidFile != null) {
            pidFile.write();
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
     * SIGTERM and SIGINT end in order, in exit code 0 if everything was saved. The JVM itself would exit with 128 + signal behind its hooks, so the hook has
     * the last word; a second signal while it works has no effect, SIGKILL always does.
     */
    private void endOnSignal() {
        Runtime.getRuntime()
                .addShutdownHook(new Thread(
                        () -> {
                            if (end()) {
                                Runtime.getRuntime().halt(endCode);
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
        if (control != null) {
            control.close();
        }
        closeVolumes();
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

    private void closeVolumes() {
        List<Callable<Boolean>> closings = new ArrayList<>();
        for (ServedVolume volume : volumes) {
            closings.add(() -> {
                volume.close();
                return true;
            });
        }
        List<Outcome<Boolean>> outcomes = SeveralAtATime.run("kiobd-close", closings);
        for (int i = 0; i < volumes.size(); i++) {
            ServedVolume volume = volumes.get(i);
            Throwable failure = outcomes.get(i).failure();
            if (failure != null) {
                endCode = ExitCode.FAILED;
                LOG.error(volume.notSaved(failure));
            }
            if (ready && pool != null && !waysIn.isQuiet()) {
                Map<String, Object> figures = volume.figures();
                // Of the whole process; anything but 0 at the end was lost on the way.
                figures.put("poolReservedBytes", pool.reservedBytes());
                common.answer(volume.figuresLine(), figures);
            }
        }
    }

    private void removeFiles() {
        if (pidFile != null) {
            pidFile.remove();
        }
        try {
            if (privateFolder != null) {
                privateFolder.remove();
            }
        } catch (IOException e) {
            LOG.warn("a file of this server could not be removed: {}", e.toString());
        }
    }
}
