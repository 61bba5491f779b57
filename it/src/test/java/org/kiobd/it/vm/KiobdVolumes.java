package org.kiobd.it.vm;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.kiobd.it.kit.HostCommand;
import org.kiobd.it.kit.KiobdCli;
import org.kiobd.it.kit.KiobdServer;

/**
 * Volumes of kiobd, each striped over four files, served by the real program on the tests' own Java. Wherever it is asked
 * to end, its log must tell of no leaked buffer and no exception.
 */
final class KiobdVolumes implements VolumeServer {
    private static final int MEMBERS = 4;

    private final Path directory;
    private final Path logFile;
    private final Path home;
    private final Map<String, List<Path>> members = new LinkedHashMap<>();
    private Optional<KiobdServer> server = Optional.empty();
    private int starts;
    private int port;

    private KiobdVolumes(Path directory, Path logFile) {
        this.directory = directory;
        this.logFile = logFile;
        this.home = directory.resolve("home");
    }

    /** Creates {@code volumes} over files in a new folder and serves them. Returned owned. */
    static KiobdVolumes serve(String name, List<Volume> volumes) {
        return serve(List.of("file:%s"), name, volumes);
    }

    /**
     * The same over other stores.
     *
     * @param members URIs of its members, in turn, with {@code %s} for the path
     */
    static KiobdVolumes serve(List<String> members, String name, List<Volume> volumes) {
        try {
            Path parent = Files.createDirectories(Path.of("target", "guest")).toAbsolutePath();
            KiobdVolumes served =
                    new KiobdVolumes(Files.createTempDirectory(parent, name + "-"), parent.resolve(name + "-server"));
            try {
                volumes.forEach(volume -> served.create(members, volume));
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

    private void create(List<String> uris, Volume volume) {
        List<Path> files = IntStream.range(0, MEMBERS)
                .mapToObj(member -> directory.resolve(volume.name() + "." + member))
                .toList();
        List<String> arguments = new ArrayList<>(List.of("create", volume.name(), "--size", volume.size()));
        for (Path file : files) {
            arguments.addAll(List.of(
                    "--member", uris.get(files.indexOf(file) % uris.size()).formatted(file)));
        }
        KiobdCli.ok(home, arguments.toArray(String[]::new));
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
        int volumes = (int) KiobdCli.ok(home, "list").lines().skip(1).count();
        KiobdServer started = KiobdServer.in(home)
                .ready(volumes)
                .log(logFile.resolveSibling("%s-%d.log".formatted(logFile.getFileName(), ++starts)))
                .start(arguments.toArray(String[]::new));
        server = Optional.of(started);
        port = started.port();
    }

    @Override
    public Map<String, Long> stop() {
        return takeServer().stop();
    }

    @Override
    public void kill() {
        takeServer().kill();
    }

    @Override
    public void pause() {
        signal("-STOP");
    }

    @Override
    public void goOn() {
        signal("-CONT");
    }

    private void signal(String signal) {
        KiobdServer running = server.orElseThrow(() -> new IllegalStateException("the server does not run"));
        HostCommand.output("kill", signal, Long.toString(running.pid()));
    }

    @Override
    public void moveTo(int newPort) {
        port = newPort;
    }

    private KiobdServer takeServer() {
        KiobdServer running = server.orElseThrow(() -> new IllegalStateException("the server does not run"));
        server = Optional.empty();
        return running;
    }

    @Override
    public void resize(String volume, String size) {
        KiobdCli.ok(home, "resize", volume, "--size", size);
    }

    @Override
    public String manage(List<String> words) {
        return KiobdCli.ok(home, words.toArray(String[]::new));
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
