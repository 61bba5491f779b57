package org.kiobd.cli;

import static org.assertj.core.api.Assertions.assertThat;

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
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kiobd.manage.MemberPaths;
import org.kiobd.manage.VolumeSource;
import org.kiobd.manage.Volumes;
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
 * would have left. The changes themselves are tested in manage, and killed at every system call by it/kill-points.
 */
@Tag("one-lane")
final class InterruptedChangesTest {
    private static final MemberStores STORES = MemberStores.load();
    private static final int IMAGE_BYTES = 2 << 20;

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
    @ValueSource(strings = {"delete twin", "create twin --size 1M", "up twin --run true"})
    void whateverUsesTheNameNextRemovesIt(String command) throws IOException {
        Path killed = killedCopy(inside("rocksdb"));
        ok(killed, command.split(" "));
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
        assertThat(ok(home, "check", "twin")).contains("intact");
    }

    @Test
    void anImportThatWasInterruptedLeavesAVolumeThatSaysSo() throws IOException {
        VolumeCatalog catalog = new VolumeCatalog(home);
        try (VolumeLock lock = catalog.lock("big")) {
            new Changes(catalog, MemberStores.load()).beginImport("big", "/srv/a.img");
        }
        assertThat(ok(home, "list")).contains("unfinished: its import of /srv/a.img");
        for (String command : List.of("check", "scrub", "serve")) {
            assertThat(refused(home, command, "big")).contains("import again");
        }
        assertThat(refused(home, "export", "big", "-")).contains("unfinished");
        assertThat(refused(home, "copy", "big", "other")).contains("unfinished");
        ok(home, "import", image(3).toString(), "big");
        assertHolds(home, "big", 3);
        assertThat(ok(home, "list")).doesNotContain("unfinished");
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

    /** The other changes are tested without commands; an export writes where a user says. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 4})
    void whatIsInTheWayOfAnExportIsRefusedAndStays(int kind) throws IOException {
        Path decoy = decoy(folder.resolve("out.img"), kind);
        Map<String, String> before = contents(decoy);
        assertThat(refused(home, "export", "big", decoy.toString())).doesNotContain("this is a bug");
        assertThat(Files.exists(decoy, LinkOption.NOFOLLOW_LINKS)).isTrue();
        assertThat(contents(decoy)).isEqualTo(before);
        assertThat(run(home, "list").code).isZero();
        assertThat(ok(home, "check", "big")).contains("intact");
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
    }
}
