package org.kiobd.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.kiobd.manage.catalog.VolumeCatalog;
import org.kiobd.manage.control.ControlServer;
import org.kiobd.nbd.ExportRegistry;
import org.kiobd.nbd.Listener;
import org.kiobd.nbd.NbdLimits;
import org.kiobd.nbd.NbdServer;
import org.kiobd.nbd.tls.TlsPolicy;
import org.kiobd.nbd.trace.RequestTrace;
import org.kiobd.store.CacheMode;
import org.kiobd.store.MemberStores;
import org.kiobd.store.file.SystemErrors;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.kiobuf.PagePool;
import org.kiobd.volume.loop.IoEngine;
import org.kiobd.volume.loop.IoLoops;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs a server: opens volumes ({@link VolumeOpening}), listens ({@link ServerListeners}), prints when it is ready, waits for a signal, and
 * shuts down ({@link ServerShutdown}). Runs on the main thread.
 */
final class Server {
    private static final Logger LOG = LoggerFactory.getLogger(Server.class);

    private final CommonOptions common;
    private final ServeOptions options;
    private final RunOptions runOptions;
    private final TlsPolicy tls;
    private final @Nullable PidFile pidFile;
    private final IoEngine engine;
    private final CacheMode cache;
    private final VolumeOpening opening;
    private final ExportRegistry exports = new ExportRegistry();
    private final List<ServedVolume> volumes = new ArrayList<>();
    private final ServerShutdown shutdown;
    private volatile @Nullable NbdServer server;
    private final CountDownLatch clientGone = new CountDownLatch(1);

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
        this.cache = options.cacheMode();
        MemberStores stores = common.stores();
        stores.memoryBytes(options.memoryBytes() / 8 * 3);
        this.opening = new VolumeOpening(
                new ServedFigures.ServerParts(engine, cache, this::refusedConnections), options.mergeLimits(), stores);
        this.shutdown = new ServerShutdown(common, runOptions, volumes, pidFile);
    }

    /**
     * Opens the volumes and images to serve. If one that is not optional fails, closes those that were opened.
     *
     * @throws BlockIoException with the last failure; the earlier ones are printed
     */
    void open(List<Openings.Wanted> wanted) throws BlockIoException {
        RequestTrace trace = options.log.openTrace();
        shutdown.closes(trace);
        opening.trace(trace);
        Openings openings = new Openings();
        try {
            openings.open(wanted);
        } catch (BlockIoException | RuntimeException | Error e) {
            volumes.addAll(openings.opened());
            shutdown.run();
            throw e;
        }
        volumes.addAll(openings.opened());
        List<BlockIoException> failures = openings.failures();
        if (!failures.isEmpty()) {
            shutdown.run();
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
        return opening.volume(catalog, name, readOnly);
    }

    /** Opens a raw image, served under its file name. Any thread. */
    ServedVolume openRaw(Path image, boolean readOnly) throws BlockIoException {
        return opening.raw(image, readOnly);
    }

    /** Serves until a signal tells the process to end, or until its client, command or parent has ended. */
    int run() throws BlockIoException {
        CapturedCommand command = null;
        try {
            NbdServer listening = start();
            List<Listener> listeners = new ServerListeners(options, shutdown).open(listening);
            announce(listeners);
            shutdown.runOnSignal();
            if (runOptions.exitWithParent) {
                ParentDeath.endsUs();
            }
            if (runOptions.single) {
                listening.serveInherited(0).thenRun(clientGone::countDown);
            }
            ready(listeners);
            shutdown.ready();
            String line = runOptions.run;
            if (line != null) {
                String volume = volumes.get(0).export().name();
                command = shutdown.start(() -> CapturedCommand.start(line, listeners.get(0), volume));
            }
        } catch (BlockIoException | RuntimeException | Error e) {
            shutdown.run();
            throw e;
        }
        try {
            return await(command);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            shutdown.run();
            return ExitCode.FAILED;
        }
    }

    private int await(@Nullable CapturedCommand command) throws InterruptedException {
        if (command != null) {
            int exitCode = command.await();
            shutdown.run();
            return exitCode == ExitCode.OK ? shutdown.exitCode() : exitCode;
        }
        if (runOptions.single) {
            clientGone.await();
            shutdown.run();
        }
        shutdown.await();
        return shutdown.exitCode();
    }

    private NbdServer start() throws BlockIoException {
        IoLoops started = new IoLoops(engine, options.threads(), options.spinNanos());
        shutdown.closes(started);
        NbdLimits limits = options.limits();
        PagePool memory = new PagePool(options.memoryBytes(), limits.maxConnections());
        NbdServer listening = new NbdServer(started, exports, memory, limits, tls);
        server = listening;
        shutdown.closes(listening, memory);
        return listening;
    }

    private long refusedConnections() {
        NbdServer listening = server;
        return listening == null ? 0 : listening.refusedConnections();
    }

    /**
     * Opens the control socket next to the first volume, in a folder that only its owner may enter, and announces all volumes. Without a
     * volume that can have the socket, e.g. for raw images only, there is none.
     */
    private void announce(List<Listener> listeners) throws BlockIoException {
        Path place = null;
        for (ServedVolume volume : volumes) {
            place = place == null ? volume.controlPlace() : place;
        }
        if (place == null) {
            return;
        }
        try {
            ControlServer control = ControlServer.start(place);
            shutdown.closes(control);
            for (ServedVolume volume : volumes) {
                volume.announce(control, listeners);
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

    private void ready(List<Listener> listeners) throws BlockIoException {
        if (pidFile != null) {
            pidFile.write();
        }
        if (runOptions.isQuiet()) {
            return;
        }
        new ReadyLines(common, engine, cache, options.tls)
                .print(
                        listeners,
                        volumes.stream().map(volume -> volume.export().name()).toList());
        if (!common.isJson()) {
            common.print("engine " + engine + ", " + options.threads() + " loops: " + options.engineReason(engine)
                    + new CacheLabel(cache).inLine());
        }
    }
}
