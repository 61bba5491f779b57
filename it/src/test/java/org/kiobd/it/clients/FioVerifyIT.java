package org.kiobd.it.clients;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.kiobd.it.kit.HostCommand;
import org.kiobd.it.kit.ServedVolume;
import org.kiobd.it.kit.ServedVolume.Transport;

/**
 * What {@code it/bench} measures is right, too: fio writes with checksums at the settings of every row, reads all of it again, and
 * reads it once more in the row's own way. The server runs as users run it, without the tests' leak detection.
 */
@ParameterizedClass(name = "{0}")
@ValueSource(strings = {"io_uring", "epoll"})
@Tag("one-lane")
@Timeout(60)
final class FioVerifyIT {
    private static final long SIZE_BYTES = 128L << 20;
    private static final long SEED = 0x6b696f6264L;
    private static final Duration TIMEOUT = Duration.ofSeconds(50);

    private static @Nullable ServedVolume served;

    @TempDir
    static Path folder;

    private final String engine;

    FioVerifyIT(String engine) {
        this.engine = engine;
    }

    @BeforeParameterizedClassInvocation
    static void serve(String engine) throws IOException {
        served = ServedVolume.startFast(Files.createDirectory(folder.resolve(engine)), engine, SIZE_BYTES);
    }

    @AfterParameterizedClassInvocation
    static void stop() {
        ServedVolume ending = served();
        served = null;
        try (ending) {
            Map<String, Long> counters = ending.server().stop();
            assertThat(counters.get("failedRequests")).isZero();
            assertThat(counters.get("poolReservedBytes")).isZero();
        }
    }

    private static ServedVolume served() {
        if (served == null) {
            throw new IllegalStateException("nothing is served");
        }
        return served;
    }

    /** A row: how it is written and read, and in which pieces. Jobs lie one behind the other, so that each finds what it wrote. */
    record Row(String writes, String reads, List<String> pieces) {
        static Row of(String writes, String reads, String... pieces) {
            return new Row(writes, reads, List.of(pieces));
        }

        @Override
        public String toString() {
            return writes + ", " + reads + " " + String.join(" ", pieces);
        }
    }

    static Stream<Row> rows() {
        return Stream.of(
                Row.of("randwrite", "randread", "--bs=4k", "--iodepth=32", "--size=24M"),
                Row.of("write", "read", "--bs=4k", "--iodepth=32", "--size=24M"),
                Row.of("randwrite", "randread", "--bs=4k", "--iodepth=32", "--size=6M", "--numjobs=4"),
                Row.of("randwrite", "randread", "--bs=4k", "--iodepth=1", "--size=4M"),
                Row.of("write", "read", "--bs=4k", "--iodepth=1", "--size=4M"),
                Row.of("write", "read", "--bs=128k", "--iodepth=8", "--size=96M"),
                Row.of("write", "read", "--bs=1M", "--iodepth=4", "--size=96M"));
    }

    @ParameterizedTest
    @MethodSource("rows")
    void whatARowWritesItReadsAgain(Row row) throws IOException {
        fio(row.writes(), row.pieces());
        fio(row.reads(), row.pieces());
    }

    @Test
    void sixteenConnectionsFindWhatTheyWroteWhileTheyWrite() throws IOException {
        List<String> pieces = List.of("--bs=4k", "--iodepth=8", "--size=2M", "--numjobs=16");
        fio("randwrite", pieces);
        List<String> mixed = new ArrayList<>(pieces);
        mixed.add("--rwmixread=70");
        fio("randrw", mixed);
    }

    @Test
    void nbdcopyOverFourConnectionsBringsBackWhatItTookAway() throws IOException {
        Path sent = folder.resolve("sent.img");
        Path back = folder.resolve("back.img");
        byte[] noise = new byte[24 << 20];
        new Random(SEED).nextBytes(noise);
        Files.write(sent, noise);
        try (RandomAccessFile file = new RandomAccessFile(sent.toFile(), "rw")) {
            file.setLength(SIZE_BYTES);
        }
        String uri = served().uri(Transport.UNIX);
        run(List.of("nbdcopy", "--connections=4", sent.toString(), uri));
        run(List.of("nbdcopy", "--connections=4", uri, back.toString()));
        assertThat(Files.mismatch(sent, back)).as("over %s", engine).isEqualTo(-1);
        Files.delete(back);
    }

    /** Otherwise none of the above would say anything. */
    @Test
    void oneSpoiledBlockIsFound() throws IOException {
        List<String> pieces = List.of("--bs=4k", "--iodepth=32", "--size=4M");
        fio("write", pieces);
        run(List.of("qemu-io", "-f", "raw", "-c", "write -P 0x55 1028k 4k", served().uri(Transport.UNIX)));
        HostCommand.Result result = HostCommand.run(TIMEOUT, line("read", pieces));
        assertThat(result.exitCode()).as(result.output()).isNotZero();
        assertThat(result.output()).contains("verify");
    }

    private static void fio(String pattern, List<String> pieces) throws IOException {
        List<String> command = line(pattern, pieces);
        run(command);
        String json = Files.readString(report());
        assertThat(json.substring(json.indexOf('{')))
                .as(String.join(" ", command))
                .contains("\"error\" : 0")
                .doesNotContainPattern("\"error\" : [1-9]");
    }

    private static List<String> line(String pattern, List<String> pieces) {
        List<String> command = new ArrayList<>(
                List.of("fio", "--name=verify", "--ioengine=nbd", "--uri=" + served().uri(Transport.UNIX)));
        command.addAll(List.of("--rw=" + pattern, "--randseed=" + SEED));
        command.addAll(pieces);
        pieces.stream()
                .filter(piece -> piece.startsWith("--size="))
                .map(piece -> piece.replace("--size=", "--offset_increment="))
                .forEach(command::add);
        command.addAll(List.of("--verify=crc32c", "--do_verify=1", "--verify_fatal=1", "--verify_state_save=0"));
        command.addAll(List.of("--output=" + report(), "--output-format=json"));
        return command;
    }

    private static Path report() {
        return folder.resolve("fio.json");
    }

    private static void run(List<String> command) {
        Peer.require(command.get(0));
        HostCommand.output(TIMEOUT, command);
    }
}
