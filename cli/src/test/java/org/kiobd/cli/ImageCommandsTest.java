package org.kiobd.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.jr.ob.JSON;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.RandomAccessFile;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.kiobd.manage.Volumes;
import org.kiobd.manage.catalog.VolumeCatalog;
import org.kiobd.raid.ArraySpec;
import org.kiobd.store.MemberStores;
import org.kiobd.store.MemberUri;
import picocli.CommandLine;

/** Images in, volumes from shape to shape, images out: the bytes stay the same, and the holes stay holes. */
@Tag("one-lane")
final class ImageCommandsTest {
    private static final MemberStores STORES = MemberStores.load();
    private static final int SIZE_BYTES = 24 << 20;
    private static final int DATA_BYTES = 3_000_001;

    @TempDir
    private Path folder;

    /** What a command printed, and its exit code. */
    private record Result(int code, String out, String err) {}

    private Result run(String... words) {
        List<String> arguments = new ArrayList<>(List.of(words));
        arguments.addAll(List.of("--home", folder.resolve("home").toString()));
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        CommandLine command = Main.commandLine(STORES);
        command.setOut(new PrintWriter(out));
        command.setErr(new PrintWriter(err));
        int code = command.execute(arguments.toArray(String[]::new));
        return new Result(code, out.toString(), err.toString());
    }

    private Result ok(String... words) {
        Result result = run(words);
        assertThat(result.code).as("%s: %s", Arrays.toString(words), result).isZero();
        return result;
    }

    private String path(String name) {
        return folder.resolve(name).toString();
    }

    /** Two runs of random bytes, neither aligned to anything, with holes around them. */
    private byte[] makeImage(String name, int sizeBytes, long seed) throws IOException {
        byte[] expected = new byte[sizeBytes];
        try (RandomAccessFile image = new RandomAccessFile(path(name), "rw")) {
            image.setLength(sizeBytes);
            for (int at : new int[] {1_234_567, sizeBytes - DATA_BYTES}) {
                byte[] data = new byte[DATA_BYTES];
                new Random(seed + at).nextBytes(data);
                image.seek(at);
                image.write(data);
                System.arraycopy(data, 0, expected, at, DATA_BYTES);
            }
        }
        return expected;
    }

    /** Makes a volume in this process, which is where its members are. */
    private void createInMemory(String name) throws IOException {
        List<MemberUri> members = Stream.of("0", "1", "2")
                .map(index -> new MemberUri("memory", folder + index))
                .toList();
        new Volumes(new VolumeCatalog(folder.resolve("home")), STORES)
                .create(name, place -> new ArraySpec(name, SIZE_BYTES, ArraySpec.DEFAULT_CHUNK_BYTES, members));
    }

    @ParameterizedTest
    @CsvSource({
        "file, rocksdb, 64K",
        "rocksdb?profile=compact&compression=lz4, file, 12K",
        "memory, rocksdb?block=16K, 256K"
    })
    void whatGoesInComesOutWhateverTheShapes(String store, String otherStore, String chunk) throws IOException {
        long seed = Long.getLong("kiobd.seed", System.nanoTime());
        byte[] expected = makeImage("in.img", SIZE_BYTES, seed);
        if (store.equals("memory")) {
            createInMemory("a");
        } else {
            ok("create", "a", "--size", "24M", "--store", store, "--members", "3");
        }
        ok("import", path("in.img"), "a", "--verify");
        ok("copy", "a", "b", "--store", otherStore, "--members", "2", "--chunk", chunk, "--verify");
        Map<String, Object> told = JSON.std.mapFrom(ok("export", "b", path("out.img"), "--verify", "-o", "json").out);
        assertThat(Files.readAllBytes(folder.resolve("out.img")))
                .as("seed=%d", seed)
                .isEqualTo(expected);
        assertThat(told).containsEntry("sizeBytes", SIZE_BYTES).containsEntry("verified", true);
        assertThat((Integer) told.get("dataBytes"))
                .as("holes are not copied")
                .isBetween(2 * DATA_BYTES, 2 * DATA_BYTES + (8 << 20));
    }

    @Test
    void aSmallerImageIsFollowedByZeros() throws IOException {
        byte[] before = makeImage("before.img", SIZE_BYTES, 1);
        ok("create", "v", "--size", "24M");
        ok("import", path("before.img"), "v");
        byte[] smaller = makeImage("smaller.img", 8_000_003, 2);
        ok("import", path("smaller.img"), "v", "--verify");
        ok("export", "v", path("out.img"));
        assertThat(Files.readAllBytes(folder.resolve("out.img")))
                .isEqualTo(Arrays.copyOf(smaller, SIZE_BYTES))
                .isNotEqualTo(before);
    }

    @Test
    void whatCannotBeDoneChangesNothing() throws IOException {
        makeImage("in.img", SIZE_BYTES, 3);
        ok("create", "v", "--size", "16M");
        assertRefused(run("import", path("in.img"), "v"), 1, "size=25165824", "nothing was written");
        assertRefused(run("import", path("missing.img"), "v"), 1, "missing.img");
        Files.writeString(folder.resolve("there.img"), "mine");
        assertRefused(run("export", "v", path("there.img")), 1, "there.img", "not touched");
        assertThat(folder.resolve("there.img")).hasContent("mine");
        assertRefused(run("export", "v", "-", "--verify"), 2, "--verify");
        assertRefused(run("copy", "v", "v"), 1, "volume=v");
        assertRefused(run("copy", "v", "w", "--store", "tape"), 1, "scheme=tape");
        assertThat(run("list").out).doesNotContain("w ");
        ok("export", "v", path("zeros.img"));
        assertThat(Files.readAllBytes(folder.resolve("zeros.img"))).containsOnly(0);
    }

    private static void assertRefused(Result result, int code, String... words) {
        assertThat(result.code).as(result.toString()).isEqualTo(code);
        assertThat(result.err).contains(words);
        assertThat(result.out).isEmpty();
    }
}
