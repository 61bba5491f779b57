package org.kiobd.it.vm;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.kiobd.it.kit.HostCommand;
import org.kiobd.it.kit.HostProgram;

/**
 * The guest's read-only root file system: an ext4 image with this host's own programs and the libraries they load.
 *
 * <p>A disk rather than part of the initramfs: fio alone brings 80 MB of libraries, of which a run reads a fraction, and
 * copying them all into an emulated machine's memory would cost more than the rest of the boot. Built once for a given
 * set of program files and cached by their names, sizes and times; guests share it.
 */
final class GuestImage {
    private static final String BUSYBOX = "busybox";

    // Not busybox's own: that one prefers its built-in tools to the real programs, whatever PATH says.
    private static final String SHELL = "dash";

    /** Program to the Debian package that brings it. */
    private static final Map<String, String> PROGRAMS = Map.ofEntries(
            Map.entry(SHELL, "dash"),
            Map.entry("nbd-client", "nbd-client"),
            Map.entry("mke2fs", "e2fsprogs"),
            Map.entry("e2fsck", "e2fsprogs"),
            Map.entry("resize2fs", "e2fsprogs"),
            Map.entry("dumpe2fs", "e2fsprogs"),
            Map.entry("mkfs.xfs", "xfsprogs"),
            Map.entry("xfs_repair", "xfsprogs"),
            Map.entry("xfs_growfs", "xfsprogs"),
            Map.entry("fio", "fio"),
            Map.entry("sfdisk", "fdisk"),
            Map.entry("fstrim", "util-linux"),
            Map.entry("fsfreeze", "util-linux"),
            Map.entry("blkdiscard", "util-linux"),
            Map.entry("blockdev", "util-linux"),
            Map.entry("lsblk", "util-linux"),
            Map.entry("wipefs", "util-linux"),
            Map.entry("dd", "coreutils"),
            Map.entry("md5sum", "coreutils"),
            Map.entry("stat", "coreutils"),
            Map.entry("truncate", "coreutils"));

    private static final Map<String, String> LINKS = Map.of("mkfs.ext4", "mke2fs", "fsck.ext4", "e2fsck");
    private static final List<String> CONFIGURATION = List.of("/etc/mke2fs.conf");
    private static final List<String> MOUNT_POINTS = List.of("proc", "sys", "dev", "run", "tmp", "mnt");
    private static final Pattern LIBRARY = Pattern.compile("(/\\S+) \\(0x");
    // Room for the file system's own tables.
    private static final long SPARE_BYTES = 16L << 20;

    private GuestImage() {}

    /** The image for this host's programs as they are now, built if the cache has none. */
    static Path get() {
        try {
            Map<String, Path> files = files();
            Path directory = GuestCache.directory("root");
            Path image = directory.resolve(key(files) + ".ext4");
            return Files.exists(image) ? image : build(files, directory, image);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot build the guest's root file system", e);
        }
    }

    /** The statically linked busybox the guest starts with. */
    static Path busybox() {
        Path busybox = HostProgram.require(BUSYBOX, "busybox-static");
        if (!libraries(busybox).isEmpty()) {
            throw new IllegalStateException(
                    "program=%s is not statically linked: run it/verify, which installs busybox-static"
                            .formatted(busybox));
        }
        return busybox;
    }

    /** Where in the guest to where on the host, sorted so that the key is stable. */
    private static Map<String, Path> files() {
        Map<String, Path> files = new TreeMap<>();
        files.put("usr/bin/" + BUSYBOX, busybox());
        HostProgram.requireAll(PROGRAMS).forEach((name, program) -> {
            files.put("usr/sbin/" + name, program);
            libraries(program).forEach(library -> files.put(merged(library), library));
        });
        CONFIGURATION.forEach(path -> files.put(path.substring(1), Path.of(path)));
        return files;
    }

    private static List<Path> libraries(Path program) {
        // A static program makes ldd fail, and that is an answer here.
        HostCommand.Result listed = HostCommand.run(Duration.ofSeconds(20), List.of("ldd", program.toString()));
        return LIBRARY.matcher(listed.output())
                .results()
                .map(match -> Path.of(match.group(1)))
                .toList();
    }

    /** The path below a root whose /lib, /lib64, /bin and /sbin are links into /usr. */
    private static String merged(Path path) {
        String relative = path.toString().substring(1);
        return relative.startsWith("usr/") ? relative : "usr/" + relative;
    }

    private static String key(Map<String, Path> files) throws IOException {
        StringBuilder text = new StringBuilder();
        for (Map.Entry<String, Path> file : files.entrySet()) {
            text.append(file.getKey())
                    .append(' ')
                    .append(Files.size(file.getValue()))
                    .append(' ')
                    .append(Files.getLastModifiedTime(file.getValue()))
                    .append('\n');
        }
        try {
            byte[] digest =
                    MessageDigest.getInstance("SHA-256").digest(text.toString().getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest, 0, 8);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    private static Path build(Map<String, Path> files, Path directory, Path image) throws IOException {
        Path work = GuestCache.workDirectory(directory);
        try {
            Path stage = Files.createDirectory(work.resolve("stage"));
            stage(files, stage);
            long sizeBytes = size(stage) * 5 / 4 + SPARE_BYTES;
            Path prepared = work.resolve("root.ext4");
            makeFileSystem(stage, prepared, sizeBytes);
            return GuestCache.publish(prepared, image);
        } finally {
            GuestCache.deleteTree(work);
        }
    }

    /** Makes an ext4 file system without a journal, with the files of {@code stage}. */
    static void makeFileSystem(Path stage, Path image, long sizeBytes) {
        HostCommand.output(
                HostProgram.require("mke2fs", "e2fsprogs").toString(),
                "-q",
                "-t",
                "ext4",
                "-O",
                "^has_journal",
                "-m",
                "0",
                "-d",
                stage.toString(),
                image.toString(),
                (sizeBytes >> 10) + "k");
    }

    private static void stage(Map<String, Path> files, Path stage) throws IOException {
        for (String name : MOUNT_POINTS) {
            Files.createDirectory(stage.resolve(name));
        }
        for (Map.Entry<String, Path> file : files.entrySet()) {
            Path target = stage.resolve(file.getKey());
            Files.createDirectories(target.getParent());
            Files.copy(file.getValue(), target, StandardCopyOption.COPY_ATTRIBUTES);
        }
        for (String name : List.of("bin", "sbin", "lib", "lib64")) {
            Files.createDirectories(stage.resolve("usr").resolve(name));
            Files.createSymbolicLink(stage.resolve(name), Path.of("usr", name));
        }
        for (Map.Entry<String, String> link : LINKS.entrySet()) {
            Files.createSymbolicLink(stage.resolve("usr/sbin").resolve(link.getKey()), Path.of(link.getValue()));
        }
        Files.createSymbolicLink(stage.resolve("etc/mtab"), Path.of("/proc/mounts"));
        applets(stage);
    }

    /** Busybox's own tools, in a folder of their own that PATH names last: the real programs win. */
    private static void applets(Path stage) throws IOException {
        Path directory = Files.createDirectory(stage.resolve("usr/applets"));
        for (String applet :
                HostCommand.output(busybox().toString(), "--list").lines().toList()) {
            Files.createSymbolicLink(directory.resolve(applet), Path.of("../bin", BUSYBOX));
        }
        Files.createSymbolicLink(stage.resolve("usr/bin/sh"), Path.of("../sbin", SHELL));
    }

    private static long size(Path directory) throws IOException {
        try (Stream<Path> paths = Files.walk(directory)) {
            return paths.filter(path -> Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS))
                    .mapToLong(path -> path.toFile().length())
                    .sum();
        }
    }
}
