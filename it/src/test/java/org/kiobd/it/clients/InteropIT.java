package org.kiobd.it.clients;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.jr.ob.JSON;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;
import org.kiobd.it.kit.HostProgram;
import org.kiobd.it.kit.RunLength;
import org.kiobd.it.kit.ServedVolume.Shape;
import org.kiobd.it.kit.ServedVolume.Transport;

/** The NBD clients people have, unmodified: each on a striped volume and on a raw image, over all engines and both transports. */
@ParameterizedClass(name = "{0}")
@MethodSource("settings")
@Timeout(120)
final class InteropIT extends ServedInAllShapes {
    private static final int FILE_BYTES = 24 << 20;
    private static final long SEED = 0x6b696f6264L;

    private final Setting setting;

    static Stream<Setting> settings() {
        if (RunLength.isSecondLane()) {
            // Of a setting only the engine depends on the JDK; other tests of this lane have the other stores.
            return Stream.of(
                    new Setting(Shape.STRIPED, "io_uring", Transport.UNIX),
                    new Setting(Shape.STRIPED, "epoll", Transport.TCP),
                    new Setting(Shape.STRIPED, "nio", Transport.UNIX));
        }
        return RunLength.of(
                List.of(
                        new Setting(Shape.STRIPED, "io_uring", Transport.UNIX),
                        new Setting(Shape.STRIPED, "epoll", Transport.TCP),
                        new Setting(Shape.STRIPED, "nio", Transport.UNIX),
                        new Setting(Shape.RAW, "io_uring", Transport.TCP),
                        new Setting(Shape.RAW, "epoll", Transport.UNIX),
                        new Setting(Shape.ROCKSDB, "io_uring", Transport.TCP),
                        new Setting(Shape.MIXED, "epoll", Transport.UNIX)),
                new Setting(Shape.STRIPED, "io_uring", Transport.TCP),
                new Setting(Shape.STRIPED, "epoll", Transport.UNIX),
                new Setting(Shape.STRIPED, "nio", Transport.TCP),
                new Setting(Shape.RAW, "io_uring", Transport.UNIX),
                new Setting(Shape.RAW, "epoll", Transport.TCP),
                new Setting(Shape.ROCKSDB, "io_uring", Transport.UNIX),
                new Setting(Shape.MIXED, "epoll", Transport.TCP));
    }

    InteropIT(Setting setting) {
        this.setting = setting;
    }

    @Test
    void nbdinfoSeesSizeFlagsAndBlockSizes() throws IOException {
        Map<String, Object> export = onlyExport(run("nbdinfo", "--json", served().uri(setting.transport())));
        assertThat(export)
                .as("%s", setting)
                .containsEntry("export-size", (int) SIZE_BYTES)
                .containsEntry("is_read_only", false)
                .containsEntry("block_size_minimum", 1)
                .containsEntry("block_size_preferred", 4096)
                .containsEntry("block_size_maximum", 64 << 20);
        for (String can : List.of("flush", "fua", "multi_conn", "trim", "zero", "cache")) {
            assertThat(export).containsEntry("can_" + can, true);
        }
    }

    @Test
    void nbdinfoListsTheExportAndFindsItUnderTheEmptyName() throws IOException {
        String uri = served().uri(setting.transport());
        String nameless = setting.transport() == Transport.UNIX
                ? uri.replaceFirst("///[^?]*", "///")
                : uri.replaceFirst("(nbd://[^/]+)/.*", "$1/");
        assertThat(onlyExport(run("nbdinfo", "--list", "--json", nameless)))
                .containsEntry("export-size", (int) SIZE_BYTES);
        assertThat(run("nbdinfo", "--size", nameless).strip()).isEqualTo(Long.toString(SIZE_BYTES));
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> onlyExport(String json) throws IOException {
        List<Map<String, Object>> exports =
                (List<Map<String, Object>>) JSON.std.mapFrom(json).get("exports");
        assertThat(exports).as(json).hasSize(1);
        return exports.get(0);
    }

    @Test
    void nbdcopyBringsBackWhatItTookAway() throws IOException {
        Path sent = randomFile("sent.img", SIZE_BYTES, FILE_BYTES);
        Path back = served().folder().resolve("back.img");
        String uri = served().uri(setting.transport());
        run("nbdcopy", sent.toString(), uri);
        run("nbdcopy", uri, back.toString());
        assertThat(Files.mismatch(sent, back)).isEqualTo(-1);
        run("bash", "-c", "set -o pipefail; nbdcopy \"$0\" - | cmp - \"$1\"", uri, sent.toString());
        Files.delete(back);
    }

    @Test
    void qemuImgConvertsIntoItAndFindsNoDifference() throws IOException {
        Path raw = randomFile("image.img", SIZE_BYTES, FILE_BYTES);
        Path qcow2 = served().folder().resolve("image.qcow2");
        String uri = served().uri(setting.transport());
        run("qemu-img", "convert", "-f", "raw", "-O", "qcow2", raw.toString(), qcow2.toString());
        run("qemu-img", "convert", "-n", "-f", "qcow2", "-O", "raw", qcow2.toString(), uri);
        assertThat(run("qemu-img", "compare", "-f", "raw", "-F", "qcow2", uri, qcow2.toString()))
                .contains("Images are identical");
        Files.delete(qcow2);
    }

    @Test
    void qemuIoReadsThePatternsItWrote() {
        List<String> command = new ArrayList<>(List.of("qemu-io", "-f", "raw", served().uri(setting.transport())));
        for (String step : List.of(
                "write -P 0xaa 0 64k",
                "read -P 0xaa 0 64k",
                "write -P 0xbb 1000 3000",
                "read -P 0xbb 1000 3000",
                "read -P 0xaa 4000 61536",
                "write -z 4k 8k",
                "read -P 0 4k 8k",
                "write -z -u 16k 8k",
                "read -P 0 16k 8k",
                "read -P 0xaa 24k 40k",
                "write -P 0xcc 1M 1M",
                "discard 1M 1M",
                "write -P 0xcd 1M 64k",
                "read -P 0xcd 1M 64k",
                "write -f -P 1 2M 512",
                "read -P 1 2M 512",
                "aio_write -P 2 3M 1M",
                "aio_write -P 3 4M 1M",
                "aio_flush",
                "read -P 2 3M 1M",
                "read -P 3 4M 1M",
                "aio_read -P 2 3M 1M",
                "aio_flush",
                "flush",
                "write -P 4 8M 30M",
                "read -P 4 8M 30M")) {
            command.addAll(List.of("-c", step));
        }
        String output = run(command.toArray(String[]::new));
        assertThat(output).doesNotContain("verification failed").doesNotContain("rror");
    }

    @Test
    void fioVerifiesRandomWritesAtDepth32() throws IOException {
        fio("--rw=randwrite", "--bs=4k", "--size=32M");
    }

    @Test
    void fioVerifiesMixedSizes() throws IOException {
        fio("--rw=randrw", "--bsrange=512-128k", "--size=48M", "--randseed=" + SEED);
    }

    private void fio(String... work) throws IOException {
        Path report = served().folder().resolve("fio.json");
        List<String> command = new ArrayList<>(List.of(
                "fio",
                "--name=verify",
                "--ioengine=nbd",
                "--uri=" + served().uri(setting.transport()),
                "--iodepth=32"));
        command.addAll(List.of(work));
        command.addAll(List.of("--verify=crc32c", "--do_verify=1", "--verify_fatal=1", "--verify_state_save=0"));
        command.addAll(List.of("--output=" + report, "--output-format=json"));
        run(command.toArray(String[]::new));
        String json = Files.readString(report);
        assertThat(json.substring(json.indexOf('{'))).contains("\"error\" : 0");
    }

    @Test
    void nbdshGetsTheErrorsTheSpecificationNames() throws IOException {
        Path script = served().folder().resolve("protocol.py");
        ClientScripts.copy("protocol.py", script);
        HostProgram.require("nbdsh", "python3-libnbd");
        String load = "exec(compile(open('" + script + "').read(), 'protocol.py', 'exec'))";
        // Debian's nbdsh starts the first python3 of the PATH, which may not be Debian's.
        assertThat(run("env", "PATH=/usr/bin:/bin", "nbdsh", "-u", served().uri(setting.transport()), "-c", load))
                .contains("all right");
    }

    private static Path randomFile(String name, long sizeBytes, int dataBytes) throws IOException {
        Path file = served().folder().resolve(name);
        byte[] data = new byte[dataBytes / 2];
        Random random = new Random(SEED);
        try (java.io.RandomAccessFile out = new java.io.RandomAccessFile(file.toFile(), "rw")) {
            out.setLength(sizeBytes);
            // At both ends, with a hole between them.
            random.nextBytes(data);
            out.write(data);
            random.nextBytes(data);
            out.seek(sizeBytes - data.length);
            out.write(data);
        }
        return file;
    }
}
