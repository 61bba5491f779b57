package org.kiobd.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kiobd.manage.MemberPaths;
import org.kiobd.manage.VolumeSource;
import org.kiobd.manage.Volumes;
import org.kiobd.manage.catalog.Change;
import org.kiobd.manage.catalog.Changes;
import org.kiobd.manage.catalog.VolumeCatalog;
import org.kiobd.manage.catalog.VolumeLock;
import org.kiobd.raid.ArraySpec;
import org.kiobd.store.MemberStores;
import org.kiobd.store.MemberUri;
import org.kiobd.volume.BlockIoException;
import picocli.CommandLine;

/**
 * What a killed command leaves, and what becomes of it. A copy of the home that is taken while a command works is what a kill at that moment
 * would have left. The commands themselves are killed at every system call by it/kill-points.
 */
final class InterruptedChangesTest {
    private static final MemberStores STORES = MemberStores.load();
    private static final int IMAGE_BYTES = 2 << 20;
    private static final long SEED = 20261128;

    @TempDir
    private Path folder;

    private record Result(int code, String out, String err) {}

    private Result run(Path home, String... words) {
        List<String> arguments = new ArrayList<>(List.of(words));
        arguments.addAll(List.of("--home", home.toString()));
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        CommandLine command = Main.commandLine(STORES);
        command.setOut(new PrintWriter(out));
        command.setErr(new PrintWriter(err));
        int code = command.execute(arguments.toArray(String[]::new));
        return new Result(code, out.toString(), err.toString());
    }

    private String ok(Path home, String... words) {
        Result result = run(home, words);
        assertThat(result.code).as("%s: %s", Arrays.toString(words), result).isZero();
        return result.out;
    }

    private String refused(Path home, String... words) {
        Result result = run(home, words);
        assertThat(result.code).as("%s: %s", Arrays.toString(words), result).isEqualTo(1);
        assertThat(result.err.lines()).as(result.err).hasSize(1);
        return result.err;
    }

    private Path home;

    @BeforeEach
    void makeVolume() throws IOException {
        home = folder.resolve("home");
        ok(home, "create", "big", "--size", "2M", "--members", "2", "--chunk", "64K");
        ok(home, "import", image(7).toString(), "big");
    }

    private Path image(int value) throws IOException {
        byte[] bytes = new byte[IMAGE_BYTES];
        Arrays.fill(bytes, (byte) value);
        return Files.write(folder.resolve("image-" + value), bytes);
    }

    private void assertHolds(Path home, String name, int value) throws IOException {
        Path file = folder.resolve("out-" + name);
        ok(home, "export", name, file.toString());
        assertThat(Files.readAllBytes(file)).isEqualTo(Files.readAllBytes(image(value)));
        Files.delete(file);
    }

    private static Path copyOf(Path tree, Path to) {
        try (Stream<Path> files = Files.walk(tree)) {
            for (Path file : files.toList()) {
                Files.copy(file, to.resolve(tree.relativize(file)), LinkOption.NOFOLLOW_LINKS);
            }
            return to;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Every file below {@code tree} with what is in it. */
    private static Map<String, String> contents(Path tree) throws IOException {
        TreeMap<String, String> found = new TreeMap<>();
        try (Stream<Path> files = Files.walk(tree)) {
            for (Path file : files.toList()) {
                found.put(
                        tree.relativize(file).toString(),
                        Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)
                                ? Arrays.hashCode(Files.readAllBytes(file)) + ""
                                : "-");
            }
        }
        return found;
    }

    /** Makes volume {@code twin} over {@code members}, and returns a copy of the home from when half of it was written. */
    private Path killedCopy(List<MemberUri> members) throws BlockIoException {
        Path killed = folder.resolve("killed");
        Volumes volumes = new Volumes(new VolumeCatalog(home), STORES);
        try (VolumeSource source = volumes.read("big")) {
            volumes.copy(
                    source,
                    "twin",
                    place -> new ArraySpec("twin", IMAGE_BYTES, 65_536, members),
                    (from, to) -> copyOf(home, killed));
        }
        return killed;
    }

    private List<MemberUri> inside(String scheme) throws BlockIoException {
        Path place = new VolumeCatalog(home).folder("twin");
        return List.of(MemberPaths.standard(scheme, place, "twin", 0), MemberPaths.standard(scheme, place, "twin", 1));
    }

    @ParameterizedTest
    @ValueSource(strings = {"file", "rocksdb"})
    void anUnfinishedCopyIsShownAsSuchAndReplacedByTheNext(String scheme) throws IOException {
        Path killed = killedCopy(inside(scheme));
        assertThat(ok(killed, "list"))
                .contains("unfinished: its making as a copy of big")
                .contains("kiobd delete twin");
        assertThat(ok(killed, "list", "-o", "json")).contains("\"state\":\"unfinished\"");
        for (String command : List.of("info", "check", "scrub", "serve", "resize --size 1G")) {
            String[] words = (command.replaceFirst(" ", " twin ") + " twin").split(" ");
            assertThat(refused(killed, Arrays.copyOf(words, command.contains(" ") ? words.length - 1 : 2)))
                    .contains("volume=twin is unfinished");
        }
        ok(killed, "copy", "big", "twin");
        assertHolds(killed, "twin", 7);
        ok(killed, "delete", "twin", "--yes");
        assertThat(killed.resolve("volumes/twin")).doesNotExist();
    }

    @ParameterizedTest
    @ValueSource(strings = {"delete twin", "create twin --size 1M", "up twin --run true", "clone", "rename big twin"})
    void whateverUsesTheNameNextRemovesIt(String command) throws IOException {
        Path killed = killedCopy(inside("rocksdb"));
        if (command.equals("clone")) {
            ok(killed, "copy", "big", "db", "--store", "rocksdb");
            ok(killed, "snapshot", "create", "db@s");
            ok(killed, "clone", "db@s", "twin");
        } else {
            ok(killed, command.split(" "));
        }
        try (Stream<Path> files = Files.walk(killed)) {
            assertThat(files.map(file -> String.valueOf(file.getFileName())).toList())
                    .noneMatch(name -> name.startsWith(".kiobd-") || name.equals("change.json"));
        }
        assertThat(ok(killed, "list")).doesNotContain("unfinished");
    }

    /** The paths in the record of the copy are those of members that the original made and goes on to use. */
    @ParameterizedTest
    @ValueSource(strings = {"file:a", "rocksdb:a"})
    void aCopyOfTheHomeLeavesMembersElsewhereToTheOriginal(String member) throws IOException {
        String scheme = member.substring(0, member.indexOf(':'));
        List<MemberUri> elsewhere = List.of(
                new MemberUri(scheme, folder.resolve("x0").toString()),
                new MemberUri(scheme, folder.resolve("x1").toString()));
        Path killed = killedCopy(elsewhere);
        ok(home, "import", image(9).toString(), "twin");
        assertThat(ok(killed, "list")).contains("unfinished");
        ok(killed, "delete", "twin");
        ok(killed, "serve", "big", "--run", "true");
        assertHolds(home, "twin", 9);
        assertThat(ok(home, "check", "twin")).contains("well");
    }

    /** Also if the members are inside the home, but not in the volume's own folder. */
    @Test
    void aCopyOfTheHomeHasItsOwnMembers() throws IOException {
        Path pool = Files.createDirectory(home.resolve("pool"));
        ok(
                home,
                "create",
                "v",
                "--size",
                "2M",
                "--member",
                pool.resolve("v.img").toString());
        ok(home, "import", image(1).toString(), "v");
        Path copy = copyOf(home, folder.resolve("copy"));
        ok(copy, "import", image(2).toString(), "v");
        assertHolds(home, "v", 1);
        ok(copy, "delete", "v", "--yes");
        assertHolds(home, "v", 1);
        assertThat(copy.resolve("pool")).isEmptyDirectory();
    }

    @Test
    void anImportThatWasInterruptedLeavesAVolumeThatSaysSo() throws IOException {
        ok(home, "copy", "big", "db", "--store", "rocksdb");
        ok(home, "snapshot", "create", "db@s");
        VolumeCatalog catalog = new VolumeCatalog(home);
        for (String name : List.of("big", "db")) {
            try (VolumeLock lock = catalog.lock(name)) {
                new Changes(catalog, MemberStores.load()).beginImport(name, "/srv/a.img");
            }
            assertThat(ok(home, "list")).contains("unfinished: its import of /srv/a.img");
            for (String command : List.of("check", "scrub", "serve")) {
                assertThat(refused(home, command, name)).contains("import again");
            }
            assertThat(refused(home, "export", name, "-")).contains("unfinished");
            assertThat(refused(home, "copy", name, "other")).contains("unfinished");
        }
        ok(home, "import", image(3).toString(), "big");
        assertHolds(home, "big", 3);
        assertThat(refused(home, "snapshot", "create", "db@t")).contains("unfinished");
        ok(home, "snapshot", "rollback", "db@s", "--yes");
        assertHolds(home, "db", 7);
        assertThat(ok(home, "list")).doesNotContain("unfinished");
    }

    @Test
    void aRollbackThatIsTakenBackDoesNotMakeAnImportWhole() throws IOException {
        VolumeCatalog catalog = new VolumeCatalog(home);
        Changes changes = new Changes(catalog, MemberStores.load());
        try (VolumeLock lock = catalog.lock("big")) {
            changes.beginImport("big", "/srv/a.img");
            changes.begin(
                    "big",
                    new Change.Plan(
                            Change.Operation.ROLLBACK,
                            UUID.randomUUID(),
                            "big@s",
                            List.of(MemberUri.file(catalog.folder("big").resolve("new.img"))),
                            catalog.load("big").members()));
            assertThat(changes.recover("big")).isTrue();
        }
        assertThat(ok(home, "list")).contains("unfinished: its import of /srv/a.img");
    }

    @Test
    void anInterruptedDeletionIsFinishedByTheNextUseOfTheName() throws IOException {
        for (String next : List.of("delete big", "create big --size 3M")) {
            Path killed = copyOf(home, folder.resolve("killed " + next));
            VolumeCatalog catalog = new VolumeCatalog(killed);
            try (VolumeLock lock = catalog.lock("big")) {
                new Changes(catalog, MemberStores.load()).beginDeletion("big");
            }
            assertThat(ok(killed, "list")).contains("its deletion was interrupted");
            assertThat(refused(killed, "serve", "big")).contains("deletion was interrupted");
            ok(killed, next.split(" "));
            assertThat(ok(killed, "list").lines().anyMatch(line -> line.startsWith("big")))
                    .isEqualTo(next.startsWith("create"));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"file", "rocksdb"})
    void deletingRemovesOnlyMembersOfTheVolume(String store) throws IOException {
        ok(home, "create", "v", "--size", "1M", "--members", "2", "--store", store);
        ok(home, "create", "w", "--size", "1M", "--members", "2", "--store", store);
        String name = "member-1." + (store.equals("file") ? "img" : "rocksdb");
        Path own = home.resolve("volumes/v").resolve(name);
        Path aside = Files.move(own, folder.resolve("aside"));
        Files.move(home.resolve("volumes/w").resolve(name), own);
        ok(home, "delete", "v", "--yes");
        assertThat(own).exists();
        Files.move(own, home.resolve("volumes/w").resolve(name));
        assertThat(ok(home, "check", "w")).contains("well");
        assertThat(aside).exists();
        ok(home, "create", "v", "--size", "1M", "--store", store);
    }

    @Test
    void aForeignFileInARocksDbMemberStays() throws IOException {
        ok(home, "create", "v", "--size", "1M", "--members", "1", "--store", "rocksdb");
        Path precious = Files.writeString(home.resolve("volumes/v/member-0.rocksdb/precious"), "mine");
        ok(home, "delete", "v", "--yes");
        assertThat(precious).hasContent("mine");
        ok(home, "create", "v", "--size", "1M", "--members", "1");
    }

    /** Random things with the names that commands use, in random places; nothing of them may change. */
    @Test
    void whatIsInTheWayIsRefusedAndStays() throws IOException {
        Random random = new Random(SEED);
        ok(home, "create", "db", "--size", "1M", "--members", "2", "--store", "rocksdb");
        ok(home, "snapshot", "create", "db@s");
        List<String> names = List.of(
                "volumes/v/manifest.json",
                "volumes/v/change.json",
                "volumes/v/deleted.json",
                "volumes/v/lock",
                "volumes/v/member-0.img",
                "volumes/v/member-1.rocksdb",
                "volumes/v/manifest.json.new",
                "volumes/v/server.json",
                "volumes/v/control.sock",
                "volumes/v/snapshots",
                "volumes/v",
                "pool/m.img",
                "pool/m.img~1",
                "pool/v.member-0.img",
                "volumes/db/snapshots/t/member-0.rocksdb",
                "volumes/db/member-0.rocksdb~1",
                "volumes/db/unfinished.new",
                "out.img");
        for (int round = 0; round < 60; round++) {
            Path scene = copyOf(home, folder.resolve("scene-" + round));
            List<Path> decoys = new ArrayList<>();
            for (int i = random.nextInt(3); i >= 0; i--) {
                Path decoy = scene.resolve(names.get(random.nextInt(names.size())));
                if (!Files.exists(decoy, LinkOption.NOFOLLOW_LINKS)
                        && Files.isDirectory(existing(decoy.resolveSibling("")))) {
                    Files.createDirectories(decoy.resolveSibling(""));
                    decoys.add(decoy(decoy, random.nextInt(5)));
                }
            }
            Files.createDirectories(scene.resolve("pool"));
            Map<String, String> before = new TreeMap<>();
            for (Path decoy : decoys) {
                contents(decoy).forEach((name, text) -> before.put(decoy + "/" + name, text));
            }
            List<String> commands = List.of(
                    "create v --size 1M --members 2",
                    "create v --size 1M --store rocksdb --members 2",
                    "create v --size 1M --member file:" + scene.resolve("pool/m.img"),
                    "copy db v",
                    "clone db@s v",
                    "snapshot create db@t",
                    "snapshot rollback db@s --yes",
                    "rename db v",
                    "export db " + scene.resolve("out.img"),
                    "delete db --with-snapshots --yes");
            String command = commands.get(random.nextInt(commands.size()));
            Result result = run(scene, command.split(" "));
            String told = "seed=" + SEED + " round=" + round + " " + command + " decoys=" + decoys + " " + result;
            assertThat(result.err).as(told).doesNotContain("this is a bug");
            Map<String, String> after = new TreeMap<>();
            for (Path decoy : decoys) {
                assertThat(Files.exists(decoy, LinkOption.NOFOLLOW_LINKS))
                        .as(told)
                        .isTrue();
                contents(decoy).forEach((name, text) -> after.put(decoy + "/" + name, text));
            }
            after.keySet().retainAll(before.keySet());
            assertThat(after).as(told).isEqualTo(before);
            assertThat(run(scene, "list").code).as(told).isZero();
            assertThat(ok(scene, "check", "big")).as(told).contains("well");
        }
    }

    private static Path existing(Path path) {
        return Files.exists(path, LinkOption.NOFOLLOW_LINKS)
                ? path
                : existing(path.resolve("..").normalize());
    }

    private static Path decoy(Path place, int kind) throws IOException {
        return switch (kind) {
            case 0 -> Files.writeString(place, "precious", StandardCharsets.UTF_8);
            case 1 -> Files.createDirectory(place);
            case 2 -> {
                Files.writeString(Files.createDirectory(place).resolve("precious"), "precious");
                yield place;
            }
            case 3 -> Files.createSymbolicLink(place, Path.of("nowhere"));
            default -> Files.createFile(place);
        };
    }

    @Test
    void aDraftThatIsNotPublishedLeavesNothing() throws IOException {
        Path out = folder.resolve("out.img");
        ok(home, "export", "big", out.toString());
        assertThat(refused(home, "export", "big", out.toString())).contains("exists and was not touched");
        Path member = home.resolve("volumes/big/member-1.img");
        byte[] whole = Files.readAllBytes(member);
        Files.write(member, Arrays.copyOf(whole, whole.length - 4096));
        Path none = folder.resolve("none.img");
        assertThat(run(home, "export", "big", none.toString()).code).isNotZero();
        assertThat(none).doesNotExist();
        assertThatThrownBy(() -> new VolumeCatalog(home).lock("nothing")).hasMessageContaining("does not exist");
    }
}
