package org.kiobd.it.clients;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.kiobd.it.kit.HostProgram;

/** Somebody else's NBD server on a unix socket of its own, for our client to talk to. Close it always. */
final class PeerServer implements AutoCloseable {
    private static final int POLL_MS = 20;
    private static final long TIMEOUT_NS = TimeUnit.SECONDS.toNanos(60);

    private final Process process;
    private final Path log;
    private final Path pid;
    private final String uri;

    private PeerServer(Path folder, List<String> command, Path pid, String uri) throws IOException {
        this.log = folder.resolve("peer.log");
        this.pid = pid;
        this.uri = uri;
        process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .redirectInput(Path.of("/dev/null").toFile())
                .start();
        awaitPid();
    }

    /** The three write their process number when they accept connections. */
    private void awaitPid() throws IOException {
        long deadline = System.nanoTime() + TIMEOUT_NS;
        try {
            while (!Files.exists(pid) || Files.size(pid) == 0) {
                boolean ended = process.waitFor(POLL_MS, TimeUnit.MILLISECONDS);
                if ((ended && process.exitValue() != 0) || System.nanoTime() > deadline) {
                    close();
                    throw new IllegalStateException("a peer did not start; log:\n" + Files.readString(log));
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while a peer started", e);
        }
    }

    private static Path socket(Path folder) {
        return folder.resolve("peer.sock");
    }

    /** @param arguments the plugin and its parameters, with options before them if there are any */
    static PeerServer nbdkit(Path folder, boolean tls, String... arguments) throws IOException {
        HostProgram.require("nbdkit", "nbdkit");
        Path pid = folder.resolve("peer.pid");
        List<String> command = new ArrayList<>(
                List.of("nbdkit", "-f", "-U", socket(folder).toString(), "-P", pid.toString(), "-e", "x"));
        command.addAll(List.of(arguments));
        return new PeerServer(folder, command, pid, (tls ? "nbds" : "nbd") + "+unix:///x?socket=" + socket(folder));
    }

    static PeerServer qemuNbd(Path folder, Path image) throws IOException {
        HostProgram.require("qemu-nbd", "qemu-utils");
        Path pid = folder.resolve("peer.pid");
        List<String> command = List.of(
                "qemu-nbd",
                "-t",
                "-f",
                "raw",
                "-e",
                "8",
                "-x",
                "x",
                "-A",
                "--discard=unmap",
                "-k",
                socket(folder).toString(),
                "--pid-file=" + pid,
                image.toString());
        return new PeerServer(folder, command, pid, "nbd+unix:///x?socket=" + socket(folder));
    }

    /** It goes into the background, for in the foreground it serves one client only; and it will not do without a TCP port. */
    static PeerServer nbdServer(Path folder, Path image) throws IOException {
        HostProgram.require("nbd-server", "nbd-server");
        int port;
        try (ServerSocket probe = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = probe.getLocalPort();
        }
        Path config = folder.resolve("config");
        Files.writeString(config, """
                [generic]
                unixsock = %s
                listenaddr = 127.0.0.1
                port = %d
                allowlist = true
                [x]
                exportname = %s
                flush = true
                fua = true
                trim = true
                """.formatted(socket(folder), port, image));
        Path pid = folder.resolve("peer.pid");
        return new PeerServer(
                folder,
                List.of("nbd-server", "-C", config.toString(), "-p", pid.toString()),
                pid,
                "nbd+unix:///x?socket=" + socket(folder));
    }

    /** Of its export, which is called x. */
    String uri() {
        return uri;
    }

    private @Nullable ProcessHandle daemon() throws IOException {
        String number = Files.exists(pid) ? Files.readString(pid).strip() : "";
        return number.isEmpty()
                ? null
                : ProcessHandle.of(Long.parseLong(number)).orElse(null);
    }

    /** Without a chance to answer anything. */
    void kill() {
        process.destroyForcibly();
    }

    @Override
    public void close() throws IOException {
        ProcessHandle daemon = daemon();
        if (daemon != null) {
            daemon.descendants().forEach(ProcessHandle::destroy);
            daemon.destroy();
        }
        process.destroy();
    }
}
