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
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kiobd.store.MemberStores;
import picocli.CommandLine;

/** A scrub finds what is damaged, all of it, and says where it is. */
final class ScrubCommandTest {
    private static final MemberStores STORES = MemberStores.load();
    private static final int SIZE_BYTES = 12 << 20;

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

    private Path volume() {
        return folder.resolve("home/volumes/a");
    }

    /** Its data is in files, not only in logs. */
    private void makeVolume(String store) throws IOException {
        assertThat(run("create", "a", "--size", "12M", "--store", store, "--members", "3", "--chunk", "64K").code)
                .isZero();
        byte[] image = new byte[SIZE_BYTES];
        new Random(1).nextBytes(image);
        Path file = folder.resolve("image");
        Files.write(file, image);
        assertThat(run("import", file.toString(), "a").code).isZero();
        if (store.startsWith("rocksdb")) {
            assertThat(run("snapshot", "create", "a@one").code).isZero();
        }
    }

    /** Changes a bit in the middle of member 1's largest file. */
    private void damage() throws IOException {
        Path largest;
        try (Stream<Path> files = Files.walk(volume().resolve("member-1.rocksdb"))) {
            largest = files.filter(file -> file.toString().matches(".*(\\.(sst|blob)|data-[0-9]+)"))
                    .max(Comparator.comparing(file -> file.toFile().length()))
                    .orElseThrow();
        }
        try (RandomAccessFile file = new RandomAccessFile(largest.toFile(), "rw")) {
            file.seek(file.length() / 2);
            int was = file.read();
            file.seek(file.length() / 2);
            file.write(was ^ 1);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"rocksdb", "rocksdb?data=database", "rocksdb?profile=compact&compression=lz4", "file"})
    void aVolumeThatIsWellIsReadWhole(String store) throws IOException {
        makeVolume(store);
        Result result = run("scrub", "a", "-o", "json");
        assertThat(result.code).as("%s", result).isZero();
        assertThat(JSON.std.mapFrom(result.out)).containsEntry("damaged", false).containsEntry("readBytes", SIZE_BYTES);
        assertThat(result.out.contains("no checksums")).as(result.out).isEqualTo(store.equals("file"));
        assertThat(volume().resolve("scrub.json")).doesNotExist();
    }

    @ParameterizedTest
    @ValueSource(strings = {"rocksdb", "rocksdb?data=database", "rocksdb?profile=compact"})
    void aBitThatChangedIsFoundAndPlaced(String store) throws IOException {
        makeVolume(store);
        damage();
        Result result = run("scrub", "a", "-o", "json");
        assertThat(result.code).as("%s", result).isEqualTo(3);
        Map<String, Object> told = JSON.std.mapFrom(result.out);
        assertThat(told).containsEntry("damaged", true).containsEntry("readBytes", SIZE_BYTES);
        assertThat(told.get("findings"))
                .asInstanceOf(org.assertj.core.api.InstanceOfAssertFactories.LIST)
                .isNotEmpty()
                .allSatisfy(finding ->
                        assertThat((Map<?, ?>) finding).extracting("member").isEqualTo(1));
        assertThat(run("scrub", "a").out).contains("damage: member 1: bytes ", "cannot be read: IO");
        assertThat(run("scrub", "a@one").code).as("shares the file").isEqualTo(3);
    }

    @Test
    void aMemberThatIsGoneIsDamage() throws IOException {
        makeVolume("file");
        Files.delete(volume().resolve("member-2.img"));
        Result result = run("scrub", "a");
        assertThat(result.code).isEqualTo(3);
        assertThat(result.out).contains("damage: member 2: ").contains("does not exist");
        // Nothing was read, so nothing is said of what could be.
        assertThat(result.out).doesNotContain("verified");
    }

    @Test
    void anInterruptedOneGoesOnWhereItWas() throws IOException {
        makeVolume("file");
        Path note = volume().resolve("scrub.json");
        String found = "{\"severity\":\"damage\",\"member\":1,\"text\":\"seen before\"}";
        Files.writeString(note, "{\"offsetBytes\":" + (8 << 20) + ",\"findings\":[" + found + "]}");
        Result resumed = run("scrub", "a", "--resume");
        assertThat(resumed.code).isEqualTo(3);
        assertThat(resumed.out).contains("4M of data read", "damage: member 1: seen before");
        assertThat(note).doesNotExist();
        assertThat(run("scrub", "a", "--resume").out).contains("12M of data read", "no damage");
    }

    @Test
    void aLimitedOneTakesItsTime() throws IOException {
        makeVolume("file");
        Result result = run("scrub", "a", "--rate", "8M", "-o", "json");
        assertThat(result.code).isZero();
        assertThat(((Number) JSON.std.mapFrom(result.out).getOrDefault("elapsedMs", 0)).intValue())
                .isGreaterThanOrEqualTo(1_400);
    }

    @Test
    void whatDoesNotExistIsSaid() {
        assertThat(run("scrub", "none").err).contains("volume=none does not exist");
    }
}
