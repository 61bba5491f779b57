package org.kiobd.cli;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.kiobd.cli.SeveralAtATime.Outcome;
import org.kiobd.manage.control.ControlServer;
import org.kiobd.manage.control.PrivateFolder;
import org.kiobd.manage.figures.FiguresCodec;
import org.kiobd.nbd.NbdServer;
import org.kiobd.nbd.trace.RequestTrace;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.kiobuf.PagePool;
import org.kiobd.volume.loop.IoLoops;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Shuts a server down in order, once: accepts no new connection, finishes and answers all accepted requests, syncs and closes the members,
 * prints the counters, and removes the server's files. The main thread registers what it opens; the shutdown runs on the main thread or on
 * the thread of the shutdown hook.
 */
final class ServerShutdown {
    private static final Logger LOG = LoggerFactory.getLogger(ServerShutdown.class);

    private final CommonOptions common;
    private final RunOptions runOptions;
    private final List<ServedVolume> volumes;
    private final @Nullable PidFile pidFile;
    private final CountDownLatch ended = new CountDownLatch(1);
    private @Nullable IoLoops loops;
    private @Nullable PagePool pool;
    private @Nullable NbdServer server;
    private @Nullable ControlServer control;
    private @Nullable RequestTrace trace;
    private @Nullable CapturedCommand captured;
    private @Nullable PrivateFolder privateFolder;
    private boolean ending;
    private volatile boolean ready;
    private volatile int exitCode = ExitCode.OK;

    /**
     * @param volumes the volumes of the server, including those that it opens later
     * @param pidFile file to remove; null if there is none
     */
    ServerShutdown(CommonOptions common, RunOptions runOptions, List<ServedVolume> volumes, @Nullable PidFile pidFile) {
        this.common = common;
        this.runOptions = runOptions;
        this.volumes = volumes;
        this.pidFile = pidFile;
    }

    /** Takes the event loops of the server. */
    void closes(IoLoops started) {
        loops = started;
    }

    /** Takes the server; {@code memory} is the pool whose leaks the counters show. */
    void closes(NbdServer listening, PagePool memory) {
        server = listening;
        pool = memory;
    }

    /** Takes the control socket. */
    void closes(ControlServer started) {
        control = started;
    }

    /** Takes the trace of the requests; null if there is none. */
    void closes(@Nullable RequestTrace opened) {
        trace = opened;
    }

    /** Takes a temporary folder. */
    void removes(PrivateFolder made) {
        privateFolder = made;
    }

    /** Notes that the server has printed that it is ready: from here on, the shutdown prints the counters. */
    void ready() {
        ready = true;
    }

    /** Starts a command, which the shutdown stops; returns null if the shutdown has begun, because the command would outlive the server. */
    synchronized @Nullable CapturedCommand start(CommandStart command) throws BlockIoException {
        if (!ending) {
            captured = command.start();
        }
        return captured;
    }

    /** Starts the command of {@code --run}. */
    @FunctionalInterface
    interface CommandStart {
        CapturedCommand start() throws BlockIoException;
    }

    /**
     * Installs a hook that shuts down in order on SIGTERM and SIGINT, with exit code 0 if everything was saved. After its hooks, the JVM
     * would exit with 128 plus the signal's number, so the hook halts the JVM itself. A second signal has no effect while the hook runs;
     * SIGKILL always has.
     */
    void runOnSignal() {
        Runtime.getRuntime()
                .addShutdownHook(new Thread(
                        () -> {
                            if (run()) {
                                Runtime.getRuntime().halt(exitCode);
                            }
                        },
                        "kiobd-end"));
    }

    /** Returns the exit code of an orderly shutdown; {@code FAILED} if some data could not be saved. */
    int exitCode() {
        return exitCode;
    }

    /** Waits for the end of a shutdown. */
    void await() throws InterruptedException {
        ended.await();
    }

    /**
     * Shuts down, once.
     *
     * @return false if the shutdown has begun before
     */
    synchronized boolean run() {
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
        if (pool != null) {
            pool.close();
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
                exitCode = ExitCode.FAILED;
                LOG.error(volume.notSaved(failure));
            }
            if (ready && pool != null && !runOptions.isQuiet()) {
                Map<String, Object> figures = FiguresCodec.encode(volume.totals());
                // This counts the memory of the whole process; all of it should be free by now, so the rest is a leak.
                figures.put("poolReservedBytes", pool.reservedBytes());
                common.answer(FiguresText.line(volume.totals()), figures);
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
