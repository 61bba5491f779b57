package org.kiobd.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.jr.ob.JSON;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kiobd.manage.Volumes;
import org.kiobd.manage.catalog.VolumeCatalog;
import org.kiobd.raid.ArraySpec;
import org.kiobd.store.MemberStores;
import org.kiobd.store.MemberUri;
import picocli.CommandLine;

/** Snapshots of a volume that nobody serves, and what may be done with them. */
@Tag("one-lane")
final class SnapshotCommandsTest {
    private static final MemberStores STORES = MemberStores.load();
    private static final int IMAGE_BYTES = 3 << 20;

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

    private String ok(String... words) {
        Result result = run(words);
        assertThat(result.code).as("%s: %s", Arrays.toString(words), result).isZero();
        return result.out;
    }

    private String refused(String... words) {
        Result result = run(words);
        assertThat(result.code).as("%s: %s", Arrays.toString(words), result).isNotZero();
        return result.err;
    }

    private Path volumes() {
        return folder.resolve("home").resolve("volumes");
    }

    /** Fills all of volume {@code name} with {@code value}. */
    private void fill(String name, int value) throws IOException {
        byte[] image = new byte[IMAGE_BYTES];
        Arrays.fill(image, (byte) value);
        Path file = folder.resolve("image-" + value);
        Files.write(file, image);
        ok("import", file.toString(), name);
    }

    private void assertFilled(String name, int value) throws IOException {
        Path file = folder.resolve("out.img");
        ok("export", name, file.toString());
        byte[] found = Files.readAllBytes(file);
        Files.delete(file);
        byte[] expected = new byte[found.length];
        Arrays.fill(expected, 0, IMAGE_BYTES, (byte) value);
        assertThat(found).as(name).isEqualTo(expected);
    }

    @BeforeEach
    void makeVolumeWithSnapshot() throws IOException {
        ok("create", "a", "--size", "3M", "--store", "rocksdb", "--members", "3", "--chunk", "64K");
        fill("a", 1);
        ok("snapshot", "create", "a@one");
        fill("a", 2);
    }

    @Test
    void volumeSnapshotAndCloneGoTheirOwnWays() throws IOException {
        ok("clone", "a@one", "b");
        assertFilled("b", 1);
        fill("b", 3);
        ok("snapshot", "create", "b@own");
        assertFilled("a", 2);
        assertFilled("a@one", 1);
        assertFilled("b", 3);
        ok("snapshot", "delete", "a@one");
        ok("delete", "a", "--yes");
        assertFilled("b", 3);
        assertFilled("b@own", 3);
        assertThat(ok("check", "b@own")).contains("intact");
    }

    @Test
    void aCloneHasAnIdentityOfItsOwn() throws IOException {
        ok("clone", "a@one", "b");
        List<Object> uuids = new ArrayList<>();
        for (String name : List.of("a", "a@one", "b")) {
            uuids.add(JSON.std.mapFrom(ok("info", name, "-o", "json")).get("uuid"));
        }
        assertThat(uuids).doesNotHaveDuplicates();
        assertThat(ok("info", "a")).contains("a@one");
    }

    @Test
    void aVolumeGoesBackAndForth() throws IOException {
        ok("snapshot", "create", "a@two");
        ok("snapshot", "rollback", "a@one", "--yes");
        assertFilled("a", 1);
        ok("snapshot", "rollback", "a@two", "--yes");
        assertFilled("a", 2);
        ok("snapshot", "delete", "a@one", "a@two");
        assertFilled("a", 2);
        ok("delete", "a", "--yes");
        assertThat(volumes()).isEmptyDirectory();
    }

    @Test
    void aVolumeThatGrewIsSmallerAgain() throws IOException {
        ok("resize", "a", "--size", "5M");
        ok("snapshot", "rollback", "a@one", "--yes");
        assertThat(ok("info", "a", "-o", "json")).contains("\"sizeBytes\":" + IMAGE_BYTES);
        assertFilled("a", 1);
        ok("resize", "a", "--size", "5M");
        assertFilled("a", 1);
    }

    @Test
    void aSnapshotBringsBackAVolumeWhoseMembersAreDamaged() throws IOException {
        Files.delete(volumes().resolve("a/member-1.rocksdb/db/CURRENT"));
        assertThat(refused("export", "a", "-")).contains("member=1");
        ok("snapshot", "rollback", "a@one", "--yes");
        assertFilled("a", 1);
        assertThat(volumes().resolve("a/member-1.rocksdb")).doesNotExist();
    }

    @Test
    void aSnapshotGoesWithItsVolume() throws IOException {
        ok("rename", "a", "c");
        assertThat(ok("snapshot", "list")).contains("c@one").doesNotContain("a@one");
        assertFilled("c@one", 1);
        assertThat(refused("delete", "c", "--yes")).contains("c@one", "--with-snapshots");
        assertFilled("c", 2);
        ok("delete", "c", "--yes", "--with-snapshots");
        assertThat(volumes()).isEmptyDirectory();
    }

    @Test
    void theCatalogEntryOfASnapshotCanBeRebuilt() throws IOException {
        Files.delete(volumes().resolve("a/snapshots/one/manifest.json"));
        List<String> words = new ArrayList<>(List.of("assemble"));
        for (int i = 0; i < 3; i++) {
            words.add("rocksdb:" + volumes().resolve("a/snapshots/one/member-" + i + ".rocksdb"));
        }
        ok(words.toArray(String[]::new));
        assertFilled("a@one", 1);
        assertFilled("a", 2);
    }

    /** Earlier versions noted members without saying whose they are. */
    @Test
    void ofAnEarlierNoteOnlyWhatProvesToBeOfTheVolumeIsRemoved() throws IOException {
        Path half = volumes().resolve("a/snapshots/half");
        copy(volumes().resolve("a/snapshots/one/member-0.rocksdb"), half.resolve("member-0.rocksdb"));
        Path old = volumes().resolve("a/member-0.rocksdb~7");
        copy(volumes().resolve("a/member-0.rocksdb"), old);
        Path elsewhere = folder.resolve("elsewhere");
        copy(volumes().resolve("a/member-0.rocksdb"), elsewhere);
        Path other = volumes().resolve("a/other");
        copy(volumes().resolve("a/snapshots/one/member-0.rocksdb"), other);
        Path mine = Files.createDirectory(volumes().resolve("a/mine"));
        Files.writeString(
                volumes().resolve("a/unfinished"),
                "rocksdb:" + old + "\nrocksdb:" + volumes().resolve("a/member-0.rocksdb") + "\nrocksdb:" + elsewhere
                        + "\nrocksdb:" + other + "\n");
        ok("snapshot", "create", "a@two");
        assertThat(old).doesNotExist();
        assertThat(List.of(half, elsewhere, other, mine))
                .allSatisfy(path -> assertThat(path).exists());
        assertThat(volumes().resolve("a/unfinished")).doesNotExist();
        assertFilled("a", 2);
        assertFilled("a@one", 1);
        assertFilled("a@two", 2);
    }

    private static void copy(Path from, Path to) throws IOException {
        Files.walkFileTree(from, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) throws IOException {
                Files.createDirectories(to.resolve(from.relativize(folder)));
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.copy(file, to.resolve(from.relativize(file)));
                return FileVisitResult.CONTINUE;
            }
        });
    }

    @Test
    void whatCannotBeIsRefusedAndChangesNothing() throws IOException {
        Map<String, String> reasons = new LinkedHashMap<>();
        reasons.put("snapshot create a", "is not a snapshot name");
        reasons.put("snapshot create a@one", "exists already");
        reasons.put("snapshot create none@one", "does not exist");
        reasons.put("snapshot create a@.", "is not a snapshot name");
        reasons.put("snapshot create a@b@c", "is not a snapshot name");
        reasons.put("snapshot delete a@none", "does not exist");
        reasons.put("snapshot rollback a@one", "--yes");
        reasons.put("snapshot rollback a@none --yes", "does not exist");
        reasons.put("snapshot list a@one", "names a snapshot");
        reasons.put("snapshot list none", "does not exist");
        reasons.put("clone a b", "is not a snapshot name");
        reasons.put("clone a@one a", "exists already");
        reasons.put("clone a@one b@two", "names a snapshot");
        reasons.put("create a@two --size 1M", "names a snapshot");
        reasons.put("resize a@one --size 1G", "never changes");
        reasons.put("rename a@one a@two", "never changes");
        reasons.put("import /dev/null a@one", "never changes");
        reasons.put("copy a b@two", "names a snapshot");
        reasons.put("snapshot", "no command was given");
        reasons.forEach(
                (line, reason) -> assertThat(refused(line.split(" "))).as(line).contains(reason));
        assertFilled("a", 2);
        assertFilled("a@one", 1);
        assertThat(ok("list").lines()).hasSize(2);
    }

    /** Makes a volume in this process, which is where its members in memory are. */
    private void create(String name, List<String> members) throws IOException {
        List<MemberUri> places = members.stream().map(MemberUri::parse).toList();
        new Volumes(new VolumeCatalog(folder.resolve("home")), STORES)
                .create(name, place -> new ArraySpec(name, IMAGE_BYTES, 65_536, places));
    }

    @Test
    void aStoreThatCannotSaysWhatCan() throws IOException {
        create("m", List.of("memory:told-0", "memory:told-1"));
        assertThat(refused("snapshot", "create", "m@one")).contains("memory", "kiobd copy");
        assertThat(ok("snapshot", "list", "m")).contains("no snapshots");
        assertThat(volumes().resolve("m/snapshots")).doesNotExist();
    }

    @Test
    void ofSeveralMembersNoneIsCopiedIfOneCannotBe() throws IOException {
        Path database = folder.resolve("database");
        create("m", List.of("rocksdb:" + database, "memory:mixed"));
        fill("m", 4);
        assertThat(refused("snapshot", "create", "m@one")).contains("memory:mixed", "nothing was made");
        assertThat(volumes().resolve("m/snapshots")).doesNotExist();
        fill("m", 5);
        assertFilled("m", 5);
    }

    @Test
    void spaceIsShown() throws IOException {
        String text = ok("snapshot", "list", "a");
        assertThat(text).contains("NAME", "CREATED", "USED", "HELD", "a@one");
        Object shown =
                JSON.std.mapFrom(ok("snapshot", "list", "a", "-o", "json")).get("snapshots");
        assertThat(shown).asString().contains("heldBytes", "usedBytes", "createdAt");
    }
}
