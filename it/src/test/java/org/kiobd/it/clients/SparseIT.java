package org.kiobd.it.clients;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.jr.ob.JSON;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;
import org.kiobd.it.kit.HostProgram;
import org.kiobd.it.kit.ServedVolume.Shape;
import org.kiobd.it.kit.ServedVolume.Transport;

/** What structured replies carry, seen by the clients people have: holes, block status, our own context. */
@Tag("one-lane")
@ParameterizedClass(name = "{0}")
@MethodSource("settings")
@Timeout(120)
final class SparseIT extends ServedInAllShapes {
    private static final long CHUNK_BYTES = 256 << 10;

    private final Setting setting;

    static Stream<Setting> settings() {
        return Stream.of(
                new Setting(Shape.STRIPED, "io_uring", Transport.UNIX),
                new Setting(Shape.RAW, "io_uring", Transport.UNIX),
                new Setting(Shape.STRIPED, "epoll", Transport.UNIX));
    }

    SparseIT(Setting setting) {
        this.setting = setting;
    }

    private static String uri() {
        return served().uri(Transport.UNIX);
    }

    @BeforeEach
    void emptied() {
        run("qemu-io", "-f", "raw", uri(), "-c", "discard 0 " + SIZE_BYTES);
    }

    @Test
    void nbdshFindsEveryFeatureWithAndWithoutStructuredReplies() throws IOException {
        HostProgram.require("nbdsh", "python3-libnbd");
        Path script = served().folder().resolve("features.py");
        ClientScripts.copy("features.py", script);
        int members = setting.shape() == Shape.STRIPED ? 4 : 1;
        String load = "uri='%s'; members=%d; chunk=%d; exec(compile(open('%s').read(), 'features.py', 'exec'))"
                .formatted(uri(), members, CHUNK_BYTES, script);
        assertThat(run("env", "PATH=/usr/bin:/bin", "nbdsh", "-c", load)).contains("all right");
    }

    /** The map must be what the files themselves say, put together by hand: block by block, before and after trims. */
    @Test
    void nbdinfoMapIsTheTrueAllocation() throws IOException {
        Random random = new Random(0x6d6170);
        StringBuilder writes = new StringBuilder();
        for (int round = 0; round < 2; round++) {
            List<String> command = new java.util.ArrayList<>(List.of("qemu-io", "-f", "raw", uri()));
            for (int i = 0; i < 60; i++) {
                long offset = random.nextInt((int) (SIZE_BYTES >> 12) - 300) * 4096L;
                long length = (1 + random.nextInt(300)) * 4096L;
                String verb = i % 3 == 2 && round == 1 ? "discard " : "write -P 7 ";
                command.addAll(List.of("-c", verb + offset + " " + length));
                writes.append(verb).append(offset).append('+').append(length).append(' ');
            }
            command.addAll(List.of("-c", "flush"));
            run(command.toArray(String[]::new));
            assertThat(mapOfClient()).as("%s after %s", setting, writes).isEqualTo(mapOfFiles());
        }
    }

    /** One character a block of 4 KiB. */
    private static String mapOfClient() throws IOException {
        StringBuilder map = new StringBuilder();
        for (Map<String, Object> extent : extents("base:allocation")) {
            long blocks = number(extent, "length") / 4096;
            map.append((number(extent, "type") == 0 ? "d" : ".").repeat((int) blocks));
        }
        return map.toString();
    }

    @SuppressWarnings("unchecked")
    private static List<Map<String, Object>> extents(String context) throws IOException {
        String json = run("nbdinfo", "--json", "--map=" + context, uri());
        return (List<Map<String, Object>>) (List<?>) JSON.std.listFrom(json);
    }

    private static long number(Map<String, Object> extent, String field) {
        return extent.get(field) instanceof Number number ? number.longValue() : -1;
    }

    private String mapOfFiles() throws IOException {
        List<String> files = served().files().stream()
                .map(file -> {
                    try {
                        return FileMap.of(file, setting.shape() == Shape.STRIPED ? 1 << 20 : 0);
                    } catch (IOException e) {
                        throw new java.io.UncheckedIOException(e);
                    }
                })
                .toList();
        StringBuilder map = new StringBuilder();
        int chunkBlocks = (int) (CHUNK_BYTES / 4096);
        for (int block = 0; block < SIZE_BYTES / 4096; block++) {
            int chunk = block / chunkBlocks;
            int member = chunk % files.size();
            int inMember = files.size() == 1 ? block : chunk / files.size() * chunkBlocks + block % chunkBlocks;
            map.append(files.get(member).charAt(inMember));
        }
        return map.toString();
    }

    @Test
    void nbdinfoDrawsTheStripes() throws IOException {
        List<Map<String, Object>> extents = extents("kiobd:member");
        if (setting.shape() == Shape.RAW) {
            assertThat(extents).hasSize(1);
            return;
        }
        assertThat(extents).hasSize((int) (SIZE_BYTES / CHUNK_BYTES));
        for (int i = 0; i < extents.size(); i++) {
            assertThat(number(extents.get(i), "type")).isEqualTo(i % 4);
        }
    }

    @Test
    void nbdcopyKeepsHolesBothWays() throws IOException {
        Path image = served().folder().resolve("sparse.img");
        byte[] data = new byte[1 << 20];
        new Random(0x686f6c65).nextBytes(data);
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength(SIZE_BYTES);
            file.seek(5 << 20);
            file.write(data);
        }
        run("nbdcopy", image.toString(), uri());
        assertThat(mapOfClient().chars().filter(block -> block == 'd').count()).isEqualTo(256);
        Path back = served().folder().resolve("back.img");
        run("nbdcopy", "--connections=4", uri(), back.toString());
        assertThat(Files.mismatch(image, back)).isEqualTo(-1);
        assertThat(FileMap.of(back, 0).chars().filter(block -> block == 'd').count())
                .isEqualTo(256);
        Files.delete(back);
        Files.delete(image);
    }

    @Test
    void qemuMapsComparesAndLayersOnTop() throws IOException {
        run("qemu-io", "-f", "raw", uri(), "-c", "write -P 9 8M 1M");
        String map = run("qemu-img", "map", "-f", "raw", "--output=json", uri());
        assertThat(map)
                .contains("\"start\": 8388608, \"length\": 1048576, \"depth\": 0, \"present\": true, \"zero\": false");
        assertThat(run("qemu-nbd", "--list", "--socket=" + served().socket()))
                .contains("base:allocation")
                .contains("kiobd:member");
        run("qemu-img", "bench", "-f", "raw", "-d", "32", "-s", "4096", "-c", "2000", uri());
        run(
                "qemu-img",
                "bench",
                "-f",
                "raw",
                "-w",
                "--flush-interval=500",
                "-d",
                "32",
                "-s",
                "4096",
                "-c",
                "2000",
                uri());

        run("qemu-io", "-f", "raw", uri(), "-c", "discard 0 " + SIZE_BYTES);
        run("qemu-img", "create", "-f", "qcow2", uri(), "64M");
        run("qemu-io", "-f", "qcow2", uri(), "-c", "write -P 5 1M 3M", "-c", "discard 2M 1M", "-c", "flush");
        run("qemu-io", "-f", "qcow2", uri(), "-c", "read -P 5 1M 1M", "-c", "read -P 0 2M 1M", "-c", "read -P 5 3M 1M");
        assertThat(run("qemu-img", "check", "-f", "qcow2", uri())).contains("No errors were found");
    }

    @Test
    void nbdkitsNbdPluginMayStandInFront() throws IOException {
        Path image = served().folder().resolve("front.img");
        byte[] data = new byte[8 << 20];
        new Random(0x66726f6e74L).nextBytes(data);
        Files.write(image, data);
        Peer.require("nbdkit");
        Path back = served().folder().resolve("front-back.img");
        String copy =
                "nbdcopy '%s' \"$uri\" && nbdinfo --json --map \"$uri\" && nbdcopy \"$uri\" '%s' && cmp -n %d '%s' '%s'"
                        .formatted(image, back, data.length, image, back);
        String output = run("nbdkit", "-U", "-", "nbd", "socket=" + served().socket(), "--run", copy);
        assertThat(output).contains("\"length\"");
        Files.delete(image);
        Files.delete(back);
    }

    @Test
    void fioVerifiesAtDepth64OnFourConnections() throws IOException {
        Path report = served().folder().resolve("fio.json");
        run(
                "fio",
                "--name=verify",
                "--ioengine=nbd",
                "--uri=" + uri(),
                "--iodepth=64",
                "--numjobs=4",
                "--size=16M",
                "--offset_increment=16M",
                "--rw=randwrite",
                "--bsrange=512-64k",
                "--verify=crc32c",
                "--do_verify=1",
                "--verify_fatal=1",
                "--verify_state_save=0",
                "--output=" + report,
                "--output-format=json");
        String json = Files.readString(report);
        assertThat(json.substring(json.indexOf('{'))).contains("\"error\" : 0").doesNotContain("\"error\" : 8");
    }
}
