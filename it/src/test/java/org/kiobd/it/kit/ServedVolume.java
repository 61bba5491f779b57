package org.kiobd.it.kit;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A volume in a folder of its own, and the {@link KiobdServer} that serves it over both transports. Close it always. One thread. */
public final class ServedVolume implements AutoCloseable {
    /** The volume's name. */
    public static final String NAME = "vol";

    /** What is served. */
    public enum Shape {
        /** Four file members. */
        STRIPED,
        /** Four databases. */
        ROCKSDB,
        /** Two files and two databases of different kinds. */
        MIXED,
        /** One plain image. */
        RAW
    }

    /** How a client gets there. */
    public enum Transport {
        UNIX,
        TCP
    }

    private final Path folder;
    private final List<String> serve = new ArrayList<>();
    private final List<Path> files = new ArrayList<>();
    private final String jvmOptions;
    private KiobdServer server;

    private ServedVolume(Path folder, Shape shape, String engine, long sizeBytes, String jvmOptions)
            throws IOException {
        this.folder = folder;
        this.jvmOptions = jvmOptions;
        serve.add("serve");
        if (shape == Shape.RAW) {
            Path image = folder.resolve("raw.img");
            try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
                file.setLength(sizeBytes);
            }
            files.add(image);
            serve.addAll(List.of("--raw", image.toString()));
        } else {
            createStriped(shape, sizeBytes);
            serve.add(NAME);
        }
        serve.addAll(List.of("--engine", engine, "--listen", "127.0.0.1:0", "--unix", socket().toString()));
        server = start();
    }

    /** Makes the volume in {@code folder}, which is empty, and serves it. */
    public static ServedVolume start(Path folder, Shape shape, String engine, long sizeBytes) throws IOException {
        return new ServedVolume(folder, shape, engine, sizeBytes, KiobdServer.STRICT);
    }

    /** The same without leak detection, which costs time: a striped volume for heavy work. */
    public static ServedVolume startFast(Path folder, String engine, long sizeBytes) throws IOException {
        return startFast(folder, Shape.STRIPED, engine, sizeBytes);
    }

    /** The same in another shape. */
    public static ServedVolume startFast(Path folder, Shape shape, String engine, long sizeBytes) throws IOException {
        return startWith("", folder, shape, engine, sizeBytes);
    }

    /** The same with these options for the JVM. */
    public static ServedVolume startWith(String jvmOptions, Path folder, Shape shape, String engine, long sizeBytes)
            throws IOException {
        return new ServedVolume(folder, shape, engine, sizeBytes, jvmOptions);
    }

    private void createStriped(Shape shape, long sizeBytes) throws IOException {
        List<String> create = new ArrayList<>(List.of("create", NAME, "--size", Long.toString(sizeBytes)));
        Path members = Files.createDirectories(folder.resolve("members"));
        for (int i = 0; i < 4; i++) {
            boolean database = shape == Shape.ROCKSDB || (shape == Shape.MIXED && i % 2 == 1);
            Path member = members.resolve("m" + i + (database ? "" : ".img"));
            files.add(member);
            String options = database && i == 3 ? "?profile=compact&compression=lz4" : "";
            create.addAll(List.of("--member", (database ? "rocksdb:" : "file:") + member + options));
        }
        KiobdCli.ok(home(), create.toArray(String[]::new));
    }

    private KiobdServer start() {
        return KiobdServer.in(home()).ready(2).jvm(jvmOptions).start(serve.toArray(String[]::new));
    }

    /** Starts the server again after it has ended. */
    public void restart() {
        server.close();
        server = start();
    }

    /** Returns the server that runs now, or ran last. Borrowed. */
    public KiobdServer server() {
        return server;
    }

    /** Returns the folder, where tests may put their own files. */
    public Path folder() {
        return folder;
    }

    /** Returns the server's home. */
    public Path home() {
        return folder.resolve("home");
    }

    /** Returns the server's unix socket. */
    public Path socket() {
        return folder.resolve("nbd.sock");
    }

    /** The members' URIs, in order; none for a raw image. */
    public List<String> memberUris() {
        return serve.contains("--raw")
                ? List.of()
                : files.stream()
                        .map(file -> (Files.isDirectory(file) ? "rocksdb:" : "file:") + file)
                        .toList();
    }

    /** The member files or folders, in order; the image, for a raw one. */
    public List<Path> files() {
        return List.copyOf(files);
    }

    /** Returns the volume's URI over {@code transport}. */
    public String uri(Transport transport) {
        return transport == Transport.UNIX ? server.unixUri() : server.tcpUri();
    }

    @Override
    public void close() {
        server.close();
    }
}
