package org.kiobd.it.vm;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.kiobd.it.kit.HostProgram;

/**
 * Plain files served by nbdkit: a server that is known to be right, to prove the harness with and to tell whether a
 * failing case is kiobd's fault.
 */
final class NbdkitVolumes implements VolumeServer {
    private static final Duration TIMEOUT = Duration.ofSeconds(20);
    private static final Duration PATIENCE = Duration.ofSeconds(1);
    private static final Duration POLL = Duration.ofMillis(20);
    private static final long UNIT_BYTES = 1024;

    private final Path directory;
    private final Path logFile;
    private final int port;
    private Optional<Process> process = Optional.empty();

    private NbdkitVolumes(Path directory, Path logFile, int port) {
        this.directory = directory;
        this.logFile = logFile;
        this.port = port;
    }

    /** Creates {@code volumes} as sparse files in a new folder and serves them. Returned owned. */
    static NbdkitVolumes serve(String name, List<Volume> volumes) {
        try {
            Path parent = Files.createDirectories(Path.of("target", "guest")).toAbsolutePath();
            Path directory = Files.createTempDirectory(parent, name + "-");
            NbdkitVolumes served = new NbdkitVolumes(directory, parent.resolve(name + "-nbdkit.log"), freePort());
            volumes.forEach(volume -> served.resize(volume.name(), volume.size()));
            served.start(false);
            return served;
        } catch (IOException e) {
            throw new UncheckedIOException("cannot make a folder for the volumes", e);
        }
    }

    /** nbdkit cannot say which port the system chose, so ask the system first. */
    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    @Override
    public int port() {
        return port;
    }

    @Override
    public void start(boolean readOnly) {
        List<String> command = new ArrayList<>(List.of(
                HostProgram.require("nbdkit", "nbdkit").toString(),
                "--foreground",
                "--exit-with-parent",
                "--ipaddr",
                "127.0.0.1",
                "--port",
                Integer.toString(port)));
        if (readOnly) {
            command.add("--readonly");
        }
        command.addAll(List.of("file", "dir=" + directory));
        try {
            Process started = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.appendTo(logFile.toFile()))
                    .start();
            process = Optional.of(started);
            awaitListening(started);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot start nbdkit", e);
        }
    }

    private void awaitListening(Process started) {
        long deadlineNanos = System.nanoTime() + TIMEOUT.toNanos();
        while (!listens()) {
            if (!started.isAlive() || System.nanoTime() > deadlineNanos) {
                close();
                throw new IllegalStateException(
                        "nbdkit does not listen on port=%d; its log=%s".formatted(port, logFile));
            }
            LockSupport.parkNanos(POLL.toNanos());
        }
    }

    private boolean listens() {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    @Override
    public Map<String, Long> stop() {
        Process running = take();
        running.destroy();
        try {
            // It waits for its clients to go before it goes, and a kernel does not: no fault for this class to report.
            if (!running.waitFor(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
                running.destroyForcibly();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        awaitExit(running);
        return Map.of();
    }

    @Override
    public void kill() {
        Process running = take();
        running.destroyForcibly();
        awaitExit(running);
    }

    private Process take() {
        Process running = process.orElseThrow(() -> new IllegalStateException("the server does not run"));
        process = Optional.empty();
        return running;
    }

    private static void awaitExit(Process running) {
        try {
            if (!running.waitFor(TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)) {
                running.destroyForcibly();
                throw new IllegalStateException("nbdkit did not end: timeoutMs=" + TIMEOUT.toMillis());
            }
        } catch (InterruptedException e) {
            running.destroyForcibly();
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while nbdkit ended", e);
        }
    }

    @Override
    public void resize(String volume, String size) {
        try (RandomAccessFile file = new RandomAccessFile(files(volume).get(0).toFile(), "rw")) {
            file.setLength(bytes(size));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot resize volume=" + volume, e);
        }
    }

    private static long bytes(String size) {
        int digits = size.length() - 1;
        int powers = 1 + "KMGT".indexOf(size.charAt(digits));
        return Long.parseLong(size.substring(0, digits)) * (long) Math.pow(UNIT_BYTES, powers);
    }

    @Override
    public List<Path> files(String volume) {
        return List.of(directory.resolve(volume));
    }

    @Override
    public void close() {
        process.ifPresent(Process::destroyForcibly);
        try {
            GuestCache.deleteTree(directory);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot remove the volumes in " + directory, e);
        }
    }
}
