package org.kiobd.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.jr.ob.JSON;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kiobd.manage.catalog.VolumeCatalog;
import org.kiobd.manage.catalog.VolumeLock;
import org.kiobd.store.MemberStores;
import picocli.CommandLine;

class CommandsTest {
    private static final MemberStores STORES = MemberStores.load();

    @TempDir
    Path folder;

    /** What a command printed, and its exit code. */
    private record Result(int code, String out, String err) {}

    private Result run(String... words) {
        List<String> arguments = new ArrayList<>(List.of(words));
        arguments.addAll(List.of("--home", folder.resolve("home").toString()));
        return runAsIs(arguments.toArray(String[]::new));
    }

    private static Result runAsIs(String... words) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        CommandLine command = Main.commandLine(STORES);
        command.setOut(new PrintWriter(out));
        command.setErr(new PrintWriter(err));
        int code = command.execute(words);
        return new Result(code, out.toString(), err.toString());
    }

    private static void assertRefused(Result result, int code, String... words) {
        assertThat(result.err.lines()).as(result.toString()).hasSize(1);
        assertThat(result.err).contains(words);
        assertThat(result.out).isEmpty();
        assertThat(result.code).isEqualTo(code);
    }

    private Path member(String volume, int index) {
        return folder.resolve("home/volumes/" + volume + "/member-" + index + ".img");
    }

    @ParameterizedTest
    @ValueSource(strings = {"file", "rocksdb", "rocksdb?profile=compact&compression=zstd&block=16K"})
    void createListInfoCheckDelete(String store) throws IOException {
        Result created = run("create", "data", "--size", "8M", "--members", "3", "--chunk", "64K", "--store", store);
        assertThat(created.out).isEqualTo("created data: 8M over 3 members, chunk 64K" + System.lineSeparator());
        assertThat(created.code).isZero();

        assertThat(run("list").out.lines().map(String::strip).toList().get(1))
                .startsWith("data")
                .endsWith("idle");
        Map<String, Object> info = JSON.std.mapFrom(run("info", "data", "-o", "json").out);
        assertThat(info).containsEntry("sizeBytes", 8 << 20).containsEntry("state", "idle");
        assertThat((List<?>) info.get("members")).hasSize(3);

        assertThat(run("check", "data").out).contains("all 3 members are intact");
        assertRefused(run("delete", "data"), 1, "volume=data", "--yes");
        assertThat(run("delete", "data", "--yes").code).isZero();
        assertThat(member("data", 0).getParent()).doesNotExist();
        assertThat(run("list").out).contains("no volumes");
    }

    @Test
    void aDatabaseOfAKindThereIsNotIsRefusedAndNothingIsMade() throws IOException {
        assertRefused(run("create", "v", "--size", "1M", "--store", "rocksdb?block=3K"), 1, "block=3K", "64K");
        assertRefused(run("create", "v", "--size", "1M", "--store", "rocksdb?speed=9"), 1, "speed=9", "compression");
        assertRefused(run("create", "v", "--size", "1M", "--store", "rocksdb?profile=x"), 1, "profile=x", "compact");
        assertThat(run("list").out).contains("no volumes");
    }

    /** Members in memory end with the command: only a command that serves the volume can make them. */
    @Test
    void aVolumeThatNobodyCouldServeIsNotMade() {
        run("create", "v", "--size", "1M");
        for (Result refused : List.of(
                run("create", "m", "--size", "1M", "--store", "memory"),
                run(
                        "create",
                        "m",
                        "--size",
                        "1M",
                        "--member",
                        folder.resolve("x").toString(),
                        "--member",
                        "memory:x"),
                run("copy", "v", "m", "--store", "MEMORY"))) {
            assertRefused(refused, 1, "volume=m: a memory: member", "nothing was made", "kiobd up m --store memory");
        }
        assertThat(folder.resolve("x")).doesNotExist();
        assertThat(run("list").out).contains("v").doesNotContain("m ");
        assertThat(folder.resolve("home/volumes/m")).doesNotExist();
        assertThat(run("up", "m", "--size", "1M", "--store", "memory", "--run", "test $exportname = m").code)
                .isZero();
    }

    @Test
    void aPortThatIsNoneIsAUsageError() {
        assertRefused(runAsIs("bench", "nbd://h:99999/x"), 2, "uri=nbd://h:99999/x", "port=99999");
    }

    @Test
    void aChunkSmallerThanABlockIsRefusedWithoutInternalNames() {
        Result result = run("create", "v", "--size", "1M", "--chunk", "4K", "--store", "rocksdb?block=64K");
        assertRefused(result, 1, "chunk=4096", "block=65536", "v/member-0.rocksdb", "nothing was made");
        assertThat(result.err).doesNotContain(".kiobd-");
        assertThat(run("list").out).contains("no volumes");
    }

    @Test
    void createTwiceChangesNothing() throws IOException {
        run("create", "v", "--size", "1M");
        byte[] before = Files.readAllBytes(member("v", 0));
        assertRefused(run("create", "v", "--size", "2M"), 1, "volume=v", "exists");
        assertThat(Files.readAllBytes(member("v", 0))).isEqualTo(before);
    }

    @Test
    void aFailedCreateLeavesNothingBehind() throws IOException {
        Path taken = Files.writeString(folder.resolve("taken.img"), "precious");
        Result result = run(
                "create",
                "v",
                "--size",
                "1M",
                "--member",
                folder.resolve("new.img").toString(),
                "--member",
                taken.toString());
        assertRefused(result, 1, "taken.img", "exists");
        assertThat(Files.readString(taken)).isEqualTo("precious");
        assertThat(folder.resolve("new.img")).doesNotExist();
        assertThat(folder.resolve("home/volumes/v")).doesNotExist();
    }

    @Test
    void usageErrorsAreOneLineAndTwo() {
        assertRefused(run("create", "v"), 2, "--size");
        assertRefused(run("create", "v", "--size", "-1"), 2, "'-1'");
        assertRefused(run("create", "v", "--size", "lots"), 2, "'lots'");
        assertRefused(run("serve"), 2, "--all", "--raw");
        assertRefused(run("serve", "v", "--listen", "nowhere"), 2, "--listen=nowhere");
        assertRefused(run("serve", "v", "--cache", "directsync"), 2, "--cache=directsync", "none or unsafe");
        assertRefused(run("list", "-o", "yaml"), 2, "json");
        assertRefused(runAsIs(), 2, "no command");
        assertRefused(runAsIs("frobnicate"), 2, "frobnicate");
    }

    @Test
    void optionsEveryCommandHasMayComeBeforeItsName() {
        String home = folder.resolve("home").toString();
        assertThat(runAsIs("--home", home, "-o", "json", "list").out).startsWith("{\"volumes\":[]}");
        assertThat(runAsIs("--home", home, "-o", "json", "list", "-o", "text").out)
                .startsWith("no volumes in " + home);
    }

    @Test
    void versionIsACommandAndAnOption() throws IOException {
        assertThat(runAsIs("--version").out).startsWith("kiobd ").contains("Java");
        assertThat(runAsIs("version").out).isEqualTo(runAsIs("--version").out);
        assertThat(JSON.std.mapFrom(runAsIs("version", "-o", "json").out)).containsKeys("version", "java");
    }

    @Test
    void aWordTooManyIsNamed() {
        assertRefused(run("list", "everything"), 2, "'everything' is one argument too many", "kiobd list --help");
        assertRefused(run("list", "--everything"), 2, "option --everything is not known");
    }

    @Test
    void aDamagedManifestIsReplacedByAssemble() throws IOException {
        run("create", "v", "--size", "1M", "--members", "2");
        Path manifest = folder.resolve("home/volumes/v/manifest.json");
        Files.writeString(manifest, "{");
        assertThat(run("list").out).contains("damaged");
        assertRefused(run("info", "v"), 1, "volume=v", "kiobd assemble");
        assertThat(run("assemble", member("v", 1).toString(), member("v", 0).toString()).out)
                .startsWith("assembled v: 1M");
        assertThat(run("check", "v").out).contains("all 2 members are intact");
    }

    @Test
    void assembleDoesNotReplaceAnotherVolumeOfThatName() throws IOException {
        run("create", "v", "--size", "1M", "--members", "1");
        Path kept = Files.copy(member("v", 0), folder.resolve("kept.img"));
        run("delete", "v", "--yes");
        run("create", "v", "--size", "1M", "--members", "1");
        assertRefused(run("assemble", kept.toString()), 1, "volume=v", "another one", "kiobd rename");
        assertThat(run("check", "v").code).isZero();
    }

    @Test
    void aCreateThatMeetsAnotherLeavesThatOneItsLock() throws Exception {
        VolumeCatalog catalog = new VolumeCatalog(folder.resolve("home"));
        try (VolumeLock lock = catalog.reserve("v")) {
            assertRefused(run("create", "v", "--size", "1M"), 1, "volume=v", "in use");
            assertThat(folder.resolve("home/volumes/v/lock")).exists();
        }
    }

    @Test
    void namesThatAreNoneAreRefused() {
        assertRefused(run("create", "../x", "--size", "1M"), 1, "volume=../x");
        assertRefused(run("create", "a@b", "--size", "1M"), 1, "volume=a@b");
        assertRefused(run("info", "missing"), 1, "volume=missing", "kiobd list");
        assertRefused(run("serve", "missing"), 1, "volume=missing");
    }

    @Test
    void chunkMustBeAMultipleOf4K() {
        assertRefused(run("create", "v", "--size", "1M", "--chunk", "1000"), 1, "chunk=1000", "4096");
    }

    @Test
    void resizeGrowsAndNeverShrinks() {
        run("create", "v", "--size", "1M");
        assertThat(run("resize", "v", "--size", "4M").out).contains("resized v: 4M");
        assertRefused(run("resize", "v", "--size", "2M"), 1, "volume=v", "only grows");
        assertThat(run("check", "v").code).isZero();
    }

    @Test
    void renameTakesMembersAlong() {
        run("create", "old", "--size", "1M");
        run("create", "other", "--size", "1M");
        assertRefused(run("rename", "old", "other"), 1, "volume=other", "exists");
        assertThat(run("rename", "old", "fresh").code).isZero();
        assertThat(run("check", "fresh").out).contains("intact");
        assertThat(member("fresh", 0)).exists();
        assertRefused(run("info", "old"), 1, "volume=old");
    }

    @Test
    void checkFindsDamageAndSaysThree() throws IOException {
        run("create", "v", "--size", "1M");
        Files.delete(member("v", 2));
        Result result = run("check", "v");
        assertThat(result.code).isEqualTo(3);
        assertThat(result.out).contains("damage: member 2").contains("member-2.img");
        assertThat(run("list").out).contains("damaged");
    }

    @Test
    void aMemberInTheWrongPlaceIsRefusedByName() throws IOException {
        run("create", "v", "--size", "1M");
        Path aside = folder.resolve("aside");
        Files.move(member("v", 0), aside);
        Files.move(member("v", 1), member("v", 0));
        Files.move(aside, member("v", 1));
        assertRefused(run("serve", "v", "--listen", "127.0.0.1:0"), 1, "member=0", "swapped", "assemble");
    }

    @Test
    void assembleRebuildsTheEntryFromMembersInAnyOrder() throws IOException {
        run("create", "v", "--size", "1M", "--members", "2");
        Path manifest = folder.resolve("home/volumes/v/manifest.json");
        Files.writeString(manifest, "{ broken");
        assertRefused(run("info", "v"), 1, "damaged", "assemble");
        Files.delete(manifest);
        assertRefused(run("assemble", member("v", 1).toString()), 1, "member 0 was not named");
        Result result =
                run("assemble", member("v", 1).toString(), member("v", 0).toString());
        assertThat(result.out).contains("assembled v: 1M over 2 members");
        assertThat(run("check", "v").code).isZero();
    }

    @Test
    void whatIsInUseIsLeftAlone() throws IOException {
        run("create", "v", "--size", "1M");
        VolumeCatalog catalog = new VolumeCatalog(folder.resolve("home"));
        try (VolumeLock lock = catalog.lock("v")) {
            for (String[] words :
                    new String[][] {{"delete", "v", "--yes"}, {"rename", "v", "w"}, {"check", "v"}, {"serve", "v"}}) {
                assertRefused(run(words), 1, "volume=v", "in use");
            }
        }
        assertThat(run("check", "v").code).isZero();
    }

    @Test
    void upRefusesToContradictAVolumeThatExists() {
        run("create", "v", "--size", "1M");
        assertRefused(run("up", "v", "--size", "2M"), 1, "--size 2M", "size=1M");
        assertRefused(run("up", "v", "--members", "2"), 1, "members=4");
        assertRefused(run("up", "v", "--chunk", "64K"), 1, "chunk=256K");
    }

    @Test
    void anUnknownStoreNamesTheKnownOnes() {
        assertRefused(
                run("create", "v", "--size", "1M", "--member", "tape:/dev/st0"), 1, "scheme=tape", "file, memory");
    }

    @Test
    void everyCommandExplainsItself() {
        for (String name : Main.commandLine(STORES).getSubcommands().keySet()) {
            Result help = runAsIs(name, "--help");
            assertThat(help.code).as(name).isZero();
            assertThat(help.out).contains("Usage: kiobd " + name).contains("--home");
        }
    }
}
