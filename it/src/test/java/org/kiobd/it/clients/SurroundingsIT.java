package org.kiobd.it.clients;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.kiobd.it.kit.HostCommand;
import org.kiobd.it.kit.HostProgram;
import org.kiobd.it.kit.KiobdCli;
import org.kiobd.it.kit.KiobdCommand;
import org.kiobd.it.kit.RunLength;

/** What surrounds a command: the locale, the account, the media its home is on, how many files it may open, who reads its answer. */
@Tag("one-lane")
@Timeout(300)
final class SurroundingsIT {
    private static final Duration LIMIT = Duration.ofSeconds(60);

    /** A home with a volume "v", made once. */
    @TempDir
    private static Path pattern;

    @TempDir
    private Path folder;

    private Path home = Path.of("");

    @BeforeAll
    static void createOne() {
        KiobdCli.ok(pattern.resolve("home"), "create", "v", "--size", "4M", "--members", "2");
    }

    @BeforeEach
    void copyIt() {
        home = folder.resolve("home");
        HostCommand.output(
                "cp", "-a", "--sparse=always", pattern.resolve("home").toString(), home.toString());
    }

    /** A prefix that runs what comes behind it after {@code script}. */
    private static List<String> after(String script) {
        return List.of("sh", "-c", script + "; exec \"$@\"", "sh");
    }

    private Path member(int index) {
        return home.resolve("volumes/v/member-" + index + ".img");
    }

    private static void assertOneLine(KiobdCli.Result result, int exitCode, String... words) {
        assertThat(result.errorLines()).as(result.toString()).hasSize(1);
        assertThat(result.err()).contains(words).doesNotContain("a bug");
        assertThat(result.exitCode()).as(result.toString()).isEqualTo(exitCode);
    }

    static Stream<String> locales() {
        return RunLength.of(
                List.of("LC_ALL=C", "LC_ALL=", "LC_ALL=xx_XX.UTF-8"), "LC_ALL=POSIX", "LC_ALL=de_DE.ISO-8859-1");
    }

    @ParameterizedTest
    @MethodSource("locales")
    void aPathIsBytesInAnyLocale(String locale) {
        String script = "d=" + folder + "/$(printf 'gr\\303\\266\\303\\237e'); mkdir -p \"$d\"; export " + locale
                + "; exec \"$@\" --member \"file:$d/a.img\"";
        KiobdCli.Result made = KiobdCli.run(List.of("sh", "-c", script, "sh"), home, "create", "u", "--size", "1M");
        assertThat(made.exitCode()).as(made.toString()).isZero();
        List<String> in = after("export " + locale);
        assertThat(KiobdCli.run(in, home, "info", "u", "-o", "json").out()).contains("größe/a.img");
        assertThat(KiobdCli.run(in, home, "list").out())
                .doesNotContain("unknown")
                .doesNotContain("damaged");
        assertThat(KiobdCli.run(in, home, "check", "u").exitCode()).isZero();
        KiobdCli.Result served = KiobdCli.run(in, home, "serve", "--all", "--run", "echo LC_ALL=$LC_ALL");
        assertThat(served.out().strip()).as(served.toString()).isEqualTo(locale);
        assertThat(served.err()).isEmpty();
    }

    @Test
    void bytesThatAreNoTextAreRefusedInALine() {
        String script = "exec \"$@\" --member \"file:$(printf '/x/\\351')\"";
        assertOneLine(KiobdCli.run(List.of("sh", "-c", script, "sh"), home, "create", "u", "--size", "1M"), 2, "UTF-8");
    }

    /** Without the launcher Java is in the user's locale: it says so, of the volume that needs another. */
    @Test
    void withoutTheLauncherTheLocaleIsNamedAndOtherVolumesAreWell() {
        String script = "exec \"$@\" --member \"file:" + folder + "/$(printf '\\303\\266').img\"";
        KiobdCli.run(List.of("sh", "-c", script, "sh"), home, "create", "u", "--size", "1M");
        Path jar = KiobdCommand.launcher().resolveSibling("cli/target/kiobd.jar");
        String java = Path.of(System.getProperty("java.home"), "bin/java").toString();
        HostCommand.Result list = HostCommand.run(
                LIMIT, List.of("env", "LC_ALL=C", java, "-jar", jar.toString(), "--home", home.toString(), "list"));
        assertThat(list.exitCode()).as(list.output()).isZero();
        assertThat(list.output()).containsPattern("v .*idle").containsPattern("u .*LC_ALL=C.UTF-8");
    }

    private KiobdCli.Result onReadOnlyMedia(String... command) {
        HostProgram.require("unshare", "util-linux");
        String mounts = "mount --bind " + home + " " + home + " && mount -o remount,bind,ro " + home;
        List<String> prefix = List.of("unshare", "-m", "sh", "-c", mounts + " && exec \"$@\"", "sh");
        return KiobdCli.run(prefix, home, command);
    }

    @ParameterizedTest
    @ValueSource(strings = {"file", "rocksdb"})
    void aHomeOnReadOnlyMediaIsRead(String store) throws IOException {
        KiobdCli.ok(home, "create", "ro", "--size", "4M", "--members", "2", "--store", store);
        assertThat(Files.deleteIfExists(home.resolve("volumes/v/lock"))).isTrue();
        Path image = folder.resolve("image");
        Path other = folder.resolve("other");
        List<List<String>> commands = new ArrayList<>(List.of(
                List.of("check", "ro"),
                List.of("export", "ro", image.toString()),
                List.of("copy", "ro", "copy", "--to-home", other.toString()),
                List.of(
                        "serve",
                        "ro",
                        "-r",
                        "--run",
                        KiobdCommand.launcher() + " serve ro -r --run true --home " + home)));
        if (store.equals("file") || RunLength.current() == RunLength.FULL) {
            commands.addAll(List.of(
                    List.of("list"),
                    List.of("info", "ro"),
                    List.of("check", "v"),
                    List.of("scrub", "ro"),
                    List.of("serve", "ro", "-r", "--run", "true"),
                    List.of("serve", "--all", "-r", "--run", "true")));
        }
        for (List<String> command : commands) {
            KiobdCli.Result result = onReadOnlyMedia(command.toArray(String[]::new));
            assertThat(result.exitCode()).as("%s: %s", command, result).isZero();
            assertThat(result.err()).as("%s", command).isEmpty();
        }
        assertThat(image).hasSize(4 << 20);
        assertThat(KiobdCli.ok(other, "check", "copy")).contains("intact");
        assertOneLine(onReadOnlyMedia("serve", "ro", "--run", "true"), 1, "read-only");
    }

    @Test
    void aWriterElsewhereKeepsReadersOfReadOnlyMediaOut() {
        String look = "unshare -m sh -c 'mount --bind " + home + " " + home + " && mount -o remount,bind,ro " + home
                + " && exec " + KiobdCommand.launcher() + " check v --home " + home + "'";
        KiobdCli.Result result = KiobdCli.run(home, "serve", "v", "--run", look);
        assertOneLine(result, 1, "in use");
    }

    static Stream<Arguments> injections() {
        return RunLength.of(
                List.of(
                        Arguments.of("pread64", "EIO", 3),
                        Arguments.of("openat", "EACCES", 1),
                        Arguments.of("openat", "EMFILE", 1),
                        Arguments.of("openat", "ENOENT", 3),
                        Arguments.of("pread64", "ENOMEM", 1)),
                Arguments.of("openat", "EPERM", 1),
                Arguments.of("openat", "ENFILE", 1),
                Arguments.of("openat", "ENOMEM", 1));
    }

    /** Damage is said of damage only: what keeps somebody from looking is no damage. */
    @ParameterizedTest
    @MethodSource("injections")
    void onlyDamageIsDamage(String call, String error, int exitCode) {
        List<String> strace = List.of(
                HostProgram.require("strace", "strace").toString(),
                "-f",
                "-qq",
                "-o",
                folder.resolve("calls").toString(),
                "-P",
                member(1).toString(),
                "-e",
                "trace=openat,pread64",
                "-e",
                "inject=" + call + ":error=" + error);
        KiobdCli.Result result = KiobdCli.run(strace, home, "check", "v");
        assertThat(result.exitCode()).as(result.toString()).isEqualTo(exitCode);
        assertThat(result.out()).startsWith(exitCode == 3 ? "damage: member 1" : "cannot look: member 1");
        assertThat(result.err()).isEmpty();
    }

    @Test
    void withFewDescriptorsEachAnswerIsALine() {
        long seed = Long.getLong("kiobd.seed", System.nanoTime());
        Random random = new Random(seed);
        byte[] before = superblock();
        for (int round = 0; round < RunLength.rounds(4, 12); round++) {
            int limit = 20 + random.nextInt(40);
            for (String[] command :
                    new String[][] {{"check", "v"}, {"list"}, {"resize", "v", "--size", (5 + round) + "M"}}) {
                KiobdCli.Result result = KiobdCli.run(after("ulimit -n " + limit), home, command);
                String as = "seed=" + seed + " limit=" + limit + " " + Arrays.toString(command) + " " + result;
                assertThat(result.errorLines()).as(as).hasSizeLessThanOrEqualTo(1);
                assertThat(result.exitCode()).as(as).isIn(0, 1);
                assertThat(result.out()).as(as).doesNotContain("damage");
            }
        }
        assertThat(Arrays.copyOf(superblock(), 8))
                .as("seed=%d: no answer was printed into a member", seed)
                .isEqualTo(Arrays.copyOf(before, 8));
        assertThat(KiobdCli.ok(home, "check", "v")).contains("intact");
    }

    private byte[] superblock() {
        try (var in = Files.newInputStream(member(0))) {
            return in.readNBytes(4096);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    static Stream<String> lines() {
        return RunLength.of(
                List.of("list", "check v -o json", "scrub v", "--help", "export v -"),
                "list -o json",
                "info v",
                "version",
                "--version",
                "create --help");
    }

    @ParameterizedTest
    @MethodSource("lines")
    void anAnswerThatIsLostIsAFailure(String line) {
        String[] command = line.split(" ");
        assertOneLine(KiobdCli.run(after("exec >/dev/full"), home, command), 1, "no space left");
        assertOneLine(KiobdCli.run(after("exec >&-"), home, command), 1, "is closed");
        // A pipe whose reader has gone.
        String gone = "mkfifo f.$$; exec 4<>f.$$; exec 1>f.$$; exec 4<&-; rm f.$$";
        KiobdCli.Result broken = KiobdCli.run(after("cd " + folder + "; " + gone), home, command);
        assertThat(broken.exitCode()).as(broken.toString()).isEqualTo(141);
        assertThat(broken.err()).isEmpty();
    }

    @Test
    void anAccountWithoutPasswdEntryHasItsHomeOrIsAskedForOne() throws IOException {
        HostProgram.require("setpriv", "util-linux");
        Path own = Files.createDirectory(folder.resolve("own"));
        HostCommand.output("chmod", "777", own.toString());
        HostCommand.output("chmod", "755", folder.toString());
        HostCommand.Result made = withoutEntry(own, "HOME=" + own, "XDG_DATA_HOME=relative");
        assertThat(made.exitCode()).as(made.output()).isZero();
        assertThat(own.resolve(".local/share/kiobd/volumes/a/manifest.json")).exists();
        for (String variable : List.of("HOME=", "HOME=relative", "XDG_DATA_HOME=relative", "KIOBD_HOME=")) {
            HostCommand.Result refused = withoutEntry(own, variable);
            assertThat(refused.exitCode()).as(refused.output()).isEqualTo(1);
            assertThat(refused.output().lines()).singleElement().asString().contains("--home DIR");
        }
        try (var files = Files.list(own)) {
            assertThat(files).containsExactly(own.resolve(".local"));
        }
    }

    private static HostCommand.Result withoutEntry(Path in, String... variables) {
        List<String> line = new ArrayList<>(List.of(
                "setpriv", "--reuid=23456", "--regid=23456", "--clear-groups", "env", "-i", "-C", in.toString()));
        line.addAll(List.of("PATH=" + System.getenv("PATH"), "JAVA_HOME=" + System.getProperty("java.home")));
        line.addAll(List.of(variables));
        line.addAll(List.of(KiobdCommand.launcher().toString(), "create", "a", "--size", "1M"));
        return HostCommand.run(LIMIT, line);
    }

    @Test
    void aFullDiskAndAMissingNetworkAreNotNoisy() throws IOException {
        Path image = folder.resolve("image");
        byte[] content = new byte[8 << 20];
        new Random(1).nextBytes(content);
        Files.write(image, content);
        Path small = Files.createDirectory(folder.resolve("small"));
        String script = "mount -t tmpfs -o size=6m t " + small + " && " + KiobdCommand.launcher() + " --home " + small
                + "/h create a --size 16M >/dev/null && exec " + KiobdCommand.launcher() + " --home " + small
                + "/h import " + image + " a";
        HostCommand.Result full = HostCommand.run(LIMIT, List.of("unshare", "-m", "sh", "-c", script));
        assertThat(full.exitCode()).as(full.output()).isEqualTo(1);
        assertThat(full.output().lines()).singleElement().asString().contains("no space left", "import again");

        KiobdCli.Result alone = KiobdCli.run(List.of("unshare", "-n"), home, "serve", "v", "--run", "true");
        assertThat(alone.exitCode()).as(alone.toString()).isZero();
        assertThat(alone.err()).isEmpty();
    }
}
