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
import org.kiobd.manage.Snapshots;
import org.kiobd.manage.catalog.VolumeCatalog;
import org.kiobd.manage.catalog.VolumeLock;
import org.kiobd.manage.catalog.VolumeNames;
import org.kiobd.manage.control.ControlServer;
import org.kiobd.manage.control.PrivateFolder;
import org.kiobd.nbd.Export;
import org.kiobd.nbd.ExportRegistry;
import org.kiobd.nbd.Listener;
import org.kiobd.nbd.NbdLimits;
import org.kiobd.nbd.NbdServer;
import org.kiobd.nbd.tls.TlsPolicy;
import org.kiobd.nbd.trace.RequestTrace;
import org.kiobd.raid.ArrayAssembler;
import org.kiobd.raid.Volume;
import org.kiobd.store.CacheMode;
import org.kiobd.store.MemberStores;
import org.kiobd.store.MemberUri;
import org.kiobd.store.file.SystemErrors;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;
import org.kiobd.volume.kiobuf.PagePool;
import org.kiobd.volume.loop.IoEngine;
import org.kiobd.volume.loop.IoLoops;
import org.kiobd.volume.queue.MergeLimits;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs a server: opens volumes, listens, prints when it is ready, waits for a signal, and shuts down. An orderly shutdown accepts no new
 * connection, finishes and answers all accepted requests, syncs and closes the members, and prints the counters. Runs on the main thread;
 * the shutdown may run on the thread of the shutdown hook.
 */
final class Server {
    private static final Logger LOG = LoggerFactory.getLogger(Server.class);

    private final CommonOptions common;
    private final ServeOptions options;
    private final RunOptions runOptions;
    private final TlsPolicy tls;
    private final @Nullable PidFile pidFile;
    private final IoEngine engine;
    private final MergeLimits mergeLimits;
    private final CacheMode cache;
    private final MemberStores stores;
    private final ArrayAssembler assembler;
    private final @Nullable RequestTrace trace;
    private final ExportRegistry exports = new ExportRegistry();
    private final List<ServedVolume> volumes = new ArrayList<>();
    private final CountDownLatch ended = new CountDownLatch(1);
    private @Nullable IoLoops loops;
    private @Nullable PagePool pool;
    private @Nullable NbdServer server;
    private @Nullable ControlServer control;
    private boolean ending;
    private volatile boolean ready;
    /** Exit code of an orderly shutdown; {@code FAILED} if some data could not be saved. */
    private volatile int endCode = ExitCode.OK;

    private final CountDownLatch clientGone = new CountDownLatch(1);
    private @Nullable CapturedCommand captured;
    private @Nullable PrivateFolder privateFolder;

    /**
     * Checks all options, before anything is opened.
     *
     * @param names names of all possible exports
     */
    Server(CommonOptions common, ServeOptions options, Set<String> names) throws BlockIoException {
        this.common = common;
        this.options = options;
        this.runOptions = options.runOptions;
        options.log.apply(runOptions.isCaptive());
        ServeChecks.check(options);
        this.tls = options.tls.policy(new TreeSet<>(names));
        this.pidFile = runOptions.pidFile == null ? null : new PidFile(runOptions.pidFile);
        this.engine = options.engine();
        this.mergeLimits = options.mergeLimits();
        this.cache = options.cacheMode();
        this.stores = MemberStores.load();
        stores.memoryBytes(options.memoryBytes() / 8 * 3);
        this.assembler = new ArrayAssembler(stores, mergeLimits, cache);
        this.trace = options.log.openTrace();
    }

    /**
     * Opens the volumes and images to serve. If one that is not optional fails, closes those that were opened.
     *
     * @throws BlockIoException with the last failure; the earlier ones are printed
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
            Volume device = assembler.open(catalog.load(name), reading);
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

    /** Opens a raw image, served under its file name. Any thread. */
    ServedVolume openRaw(Path image, boolean readOnly) throws BlockIoException {
        Volume device = assembler.openRaw(MemberUri.file(image), readOnly);
        return served(device, "plain image " + image, null, null);
    }

    private ServedVolume served(
            Volume device, String description, @Nullable VolumeCatalog catalog, @Nullable VolumeLock lock) {
        Export export = new Export(device.info().name(), description, device, mergeLimits, trace);
        return new ServedVolume(device, export, new ServedVolume.Ways(engine, cache), catalog, lock);
    }

    /**
     * Opens the control socket next to the first volume, in a folder that only its owner may enter, and announces all volumes. Without a
     * volume that can have the socket, e.g. for raw images only, there is none.
     */
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

    /** Serves until a signal tells the process to end, or until its client, command or parent has ended. */
    int run() throws BlockIoException {
        List<Listener> listeners;
        CapturedCommand command = null;
        try {
            NbdServer listening = start();
            listeners = listen(listening);
            announce();
            endOnSignal();
            if (runOptions.exitWithParent) {
                ParentDeath.endsUs();
            }
            if (runOptions.single) {
                listening.serveInherited(0).thenRun(clientGone::countDown);
            }
            ready(listeners);
            ready = true;
            if (runOptions.run != null) {
                command = startCommand(runOptions.run, listeners.get(0));
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

    /**
     * Starts the command of {@code --run}.
     *
     *
     * @return null if the shutdown has begun, because the command would outlive the server
     */
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
        if (runOptions.single) {
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
        for (int i = 0; i < runOptions.passedSockets(); i++) {
            listeners.add(listening.listenInherited(RunOptions.passedFd(i)));
        }
        for (ServeOptions.Address address : options.addresses()) {
            listeners.add(listening.listenTcp(address.host(), address.port()));
        }
        for (Path path : options.unix) {
            listeners.add(reachable(listening.listenUnix(path), path));
        }
        if (listeners.isEmpty() && runOptions.run != null) {
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
        if (runOptions.isQuiet()) {
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
     * Installs a hook that shuts down in order on SIGTERM and SIGINT, with exit code 0 if everything was saved. After its hooks, the JVM
     * would exit with 128 plus the signal's number, so the hook halts the JVM itself. A second signal has no effect while the hook runs;
     * SIGKILL always has.
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

    /**
     * Shuts down in order, once.
     *
     *
     * @return false if the shutdown has begun before
     */
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
        if (trace != null) {
            trace.close();
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
            if (ready && pool != null && !runOptions.isQuiet()) {
                Map<String, Object> figures = volume.figures();
                // This counts the memory of the whole process; all of it should be free by now, so the rest is a leak.
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
