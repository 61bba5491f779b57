package org.kiobd.it.vm;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.kiobd.it.HostCommand;
import org.kiobd.it.KiobdCommand;
import org.kiobd.it.KiobdServer;

/**
 * Volumes of kiobd, each striped over four files, served by the real program on the tests' own Java. Wherever it is asked
 * to end, its log must tell of no leaked buffer and no exception.
 */
final class KiobdVolumes implements VolumeServer {
    private static final int MEMBERS = 4;

    private final Path directory;
    private final Path logFile;
    private final KiobdCommand kiobd;
    private final Map<String, List<Path>> members = new LinkedHashMap<>();
    private Optional<KiobdServer> server = Optional.empty();
    private Path log;
    private int starts;
    private int port;

    private KiobdVolumes(Path directory, Path logFile) {
        this.directory = directory;
        this.logFile = logFile;
        this.log = logFile;
        this.kiobd = new KiobdCommand(
                directory.resolve("home"),
                List.of(
                        "env",
                        "JAVA_HOME=" + System.getProperty("java.home"),
                        "KIOBD_JAVA_OPTS=-Dio.netty.leakDetection.level=paranoid"));
    }

    /** Creates {@code volumes} over files in a new folder and serves them. Returned owned. */
    static KiobdVolumes serve(String name, List<Volume> volumes) {
        return serve(List.of("file"), name, volumes);
    }

    /**
     * The same over other stores.
     *
     * @param schemes of its members' URIs, in turn
     */
    static KiobdVolumes serve(List<String> schemes, String name, List<Volume> volumes) {
        try {
            Path parent = Files.createDirectories(Path.of("target", "guest")).toAbsolutePath();
            KiobdVolumes served =
                    new KiobdVolumes(Files.createTempDirectory(parent, name + "-"), parent.resolve(name + "-server"));
            try {
                volumes.forEach(volume -> served.create(schemes, volume));
                served.start(false);
                return served;
            } catch (RuntimeException e) {
                served.close();
                throw e;
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot make a folder for the volumes", e);
        }
    }

    private void create(List<String> schemes, Volume volume) {
        List<Path> files = IntStream.range(0, MEMBERS)
                .mapToObj(member -> directory.resolve(volume.name() + "." + member))
                .toList();
        List<String> arguments = new ArrayList<>(List.of("create", volume.name(), "--size", volume.size()));
        for (Path file : files) {
            arguments.addAll(List.of("--member", schemes.get(files.indexOf(file) % schemes.size()) + ":" + file));
        }
        kiobd.output(arguments.toArray(String[]::new));
        members.put(volume.name(), files);
    }

    @Override
    public int port() {
        return port;
    }

    @Override
    public void start(boolean readOnly) {
        if (server.isPresent()) {
            throw new IllegalStateException("the server runs already");
        }
        // The first start lets the system choose the port; the others must find the kernel's client where it was.
        List<String> arguments = new ArrayList<>(List.of("serve", "--all", "--listen", "127.0.0.1:" + port));
        if (readOnly) {
            arguments.add("--read-only");
        }
        log = logFile.resolveSibling("%s-%d.log".formatted(logFile.getFileName(), ++starts));
        int volumes = (int) kiobd.output("list").lines().skip(1).count();
        KiobdServer started = KiobdServer.start(kiobd, arguments, volumes, log);
        server = Optional.of(started);
        port = started.port();
    }

    @Override
    public Map<String, Long> stop() {
        KiobdServer.Exit exit = takeServer().terminate();
        if (exit.code() != 0) {
            throw new IllegalStateException("SIGTERM must end the server with exitCode=0, it was " + exit.code());
        }
        String trouble = HostCommand.run(
                        Duration.ofSeconds(10), List.of("grep", "-nE", "-m3", "LEAK:|Exception|ERROR", log.toString()))
                .output();
        if (!trouble.isEmpty()) {
            throw new IllegalStateException("the server's log=%s tells of trouble: %s".formatted(log, trouble));
        }
        return exit.counters();
    }

    @Override
    public void kill() {
        takeServer().kill();
    }

    private KiobdServer takeServer() {
        KiobdServer running = server.orElseThrow(() -> new IllegalStateException("the server does not run"));
        server = Optional.empty();
        return running;
    }

    @Override
    public void resize(String volume, String size) {
        kiobd.output("resize", volume, "--size", size);
    }

    @Override
    public String manage(List<String> words) {
        return kiobd.output(words.toArray(String[]::new));
    }

    @Override
    public List<Path> files(String volume) {
        return members.getOrDefault(volume, List.of());
    }

    @Override
    public void close() {
        try {
            if (server.isPresent()) {
                System.out.printf("%s counted %s%n", logFile.getFileName(), stop());
            }
        } finally {
            delete();
        }
    }

    private void delete() {
        try {
            GuestCache.deleteTree(directory);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot remove the volumes in " + directory, e);
        }
    }
}
