package org.kiobd.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.kiobd.store.MemberStores;
import org.kiobd.volume.testkit.Seeded;
import picocli.CommandLine;

/** Servers that run as long as a command does, or not at all. */
@Timeout(120)
final class ServeCommandTest {
    private static final MemberStores STORES = MemberStores.load();

    @TempDir
    Path folder;

    private Path sockets = Path.of("");

    private record Result(int code, String out, String err) {}

    @BeforeEach
    void makeVolumes() throws IOException {
        sockets = Files.createTempDirectory("srv");
        for (String name : new String[] {"a", "b", "c"}) {
            assertThat(run("create", name, "--size", "4M", "--members", "2").code)
                    .isZero();
        }
    }

    @AfterEach
    void noSocketIsLeft() throws IOException {
        Files.delete(sockets);
    }

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

    private static void assertRefused(Result result, int code, String... words) {
        assertThat(result.err.lines()).as(result.toString()).hasSize(1);
        assertThat(result.err).contains(words).doesNotContain("this is a bug").doesNotContain("Exception");
        assertThat(result.out).isEmpty();
        assertThat(result.code).as(result.toString()).isEqualTo(code);
    }

    private Path member(String volume) {
        return folder.resolve("home/volumes/" + volume + "/member-0.img");
    }

    private byte[] superblock(String volume) throws IOException {
        try (var in = Files.newInputStream(member(volume))) {
            return in.readNBytes(64 << 10);
        }
    }

    private void damage(String volume) throws IOException {
        Files.delete(member(volume));
    }

    @Test
    void ofAllVolumesThoseThatCanBeOpenedAreServed() throws IOException {
        damage("b");
        assertThat(run("serve", "--all", "--run", "test $exportname = a").code).isZero();
        damage("a");
        assertThat(run("serve", "--all", "--run", "test $exportname = c").code).isZero();
        damage("c");
        Result none = run("serve", "--all", "--run", ":");
        assertThat(none.code).isEqualTo(1);
        assertThat(none.err.lines()).hasSize(3);
    }

    @Test
    void whatIsNamedIsServedOrNothingIsAndEachReasonIsGiven() throws IOException {
        damage("a");
        damage("c");
        Result refused = run("serve", "--all", "a", "b", "c", "--run", "false");
        assertThat(refused.code).isEqualTo(1);
        assertThat(refused.err.lines()).hasSize(2);
        assertThat(refused.err).contains("volume=a ", "volume=c ");
        assertThat(run("check", "b").out).contains("all 2 members are intact");
        assertThat(run("serve", "b", "--run", "test $exportname = b").code).isZero();
    }

    @Test
    void twoExportsOfOneNameAreAUsageErrorBeforeAnythingIsOpened() throws IOException {
        Path image = Files.createDirectories(folder.resolve("x")).resolve("a");
        Path other = Files.createDirectories(folder.resolve("y")).resolve("a");
        Files.write(image, new byte[4096]);
        Files.write(other, new byte[4096]);
        byte[] before = superblock("a");
        assertRefused(run("serve", "a", "--raw", image.toString(), "--run", ":"), 2, "another volume", "name a");
        assertRefused(run("serve", "--all", "--raw", image.toString(), "--run", ":"), 2, "another volume");
        assertRefused(
                run("serve", "--raw", image.toString(), "--raw", other.toString(), "--run", ":"), 2, "another image");
        assertRefused(
                run("serve", "b", "--raw", image.toString(), "--raw", image.toString(), "--run", ":"),
                2,
                "another image");
        assertThat(superblock("a")).isEqualTo(before);
    }

    /** An option and values that no server can have; {@code %s} is a folder for sockets. */
    private record Bad(String option, List<String> values) {
        Bad(String option, String... values) {
            this(option, List.of(values));
        }
    }

    private static final List<Bad> BAD = List.of(
            new Bad(
                    "--listen",
                    "",
                    ":",
                    "127.0.0.1",
                    "127.0.0.1:",
                    "127.0.0.1:65536",
                    ":80",
                    "[::1]:-1",
                    "h:1:x",
                    "a:1e3"),
            new Bad("--listen", "no host:1", "256.1.1.1.1:0", "[::1:0", "%%:7", "\u00e4 \u2028:1"),
            new Bad("--unix", "", "/", "%s", "%s/none/s", "/dev/null", "/dev/null/s", "%s/" + "n".repeat(108)),
            new Bad("--threads", "0", "-1", "257", "x", "99999999999", ""),
            new Bad("--memory", "1", "0", "-1", "159M", "9E9", "many", "1.5", "\u0663G"),
            new Bad("--max-connections", "0", "-1", "65536", "x", "", "99999999999"),
            new Bad("--max-connections-per-address", "0", "-1", "65536", "x", "", "1e3"),
            new Bad("--spin", "-1", "1001", "x", "1e3"),
            new Bad("--merge", "", "on", "plug+", "plug+0", "plug+10001", "plug+99999999", "plug+-1"),
            new Bad("--cache", "", "write back", "NONE\u0000", "directsync"),
            new Bad("--engine", "", "kqueue", "auto "),
            new Bad("--pidfile", "%s", "/none/p", "/dev/null", "/dev/stdout", "%s/none/p"),
            new Bad("--tls", "", "maybe", "on", "require"),
            new Bad("--tls-certificates", "/none", "/dev/null", "%s"),
            new Bad("--allow-client", "x", "", "=", "a="),
            new Bad("--log-level", "", "loud"),
            new Bad("--log-format", "xml", ""),
            new Bad("--raw", "/none", "/", "%s"));

    private static final List<String> GOOD = List.of(
            "--threads=1",
            "--spin=0",
            "--merge=off",
            "--cache=unsafe",
            "--listen=127.0.0.1:0",
            "--read-only",
            "--exit-with-parent");

    @Seeded(rounds = 3)
    void aBadOptionIsOneLineAndNothingIsTouched(Random random) throws IOException {
        byte[] before = superblock("a");
        for (Bad bad : BAD) {
            String value = bad.values.get(random.nextInt(bad.values.size())).replace("%s", sockets.toString());
            List<String> words = new ArrayList<>(List.of("serve", "a"));
            for (String good : GOOD) {
                if (random.nextInt(3) == 0 && !good.startsWith(bad.option)) {
                    words.add(good);
                }
            }
            words.add(2 + random.nextInt(words.size() - 1), bad.option + "=" + value);
            Result result = run(words.toArray(String[]::new));
            assertThat(result.code).as("%s: %s", words, result).isIn(1, 2);
            assertThat(result.err.lines()).as("%s", words).hasSize(1);
            assertThat(result.err)
                    .as("%s", words)
                    .startsWith("kiobd: ")
                    .doesNotContain("this is a bug")
                    .doesNotContain("\tat ");
            assertThat(Arrays.equals(superblock("a"), before))
                    .as("%s touched it", words)
                    .isTrue();
        }
        assertThat(run("check", "a").out).contains("all 2 members are intact");
    }

    @Test
    void aLimitOfConnectionsIsInItsRangeAndFitsTheMemory() {
        assertRefused(
                run("serve", "a", "--max-connections", "0", "--run", ":"),
                2,
                "--max-connections=0 is not between 1 and 65535");
        assertRefused(
                run("serve", "a", "--max-connections-per-address", "65536", "--run", ":"),
                2,
                "--max-connections-per-address=65536 is not between 1 and 65535");
        assertRefused(
                run("serve", "a", "--memory", "160M", "--max-connections", "4097", "--run", ":"),
                2,
                "--max-connections=4097 needs --memory 161M or more");
        assertThat(run("serve", "a", "--memory", "160M", "--max-connections", "4096", "--run", ":").code)
                .isZero();
        assertThat(run("serve", "a", "--memory", "161M", "--max-connections", "4097", "--run", ":").code)
                .isZero();
    }

    @Test
    void aListenerThatIsNamedTwiceIsAUsageError() {
        assertRefused(run("serve", "a", "--listen", "127.0.0.1:1", "--listen", "127.0.0.1:1"), 2, "given twice");
        String unix = sockets.resolve("s").toString();
        assertRefused(run("serve", "a", "--unix", unix, "--unix", sockets + "/./s"), 2, "given twice");
    }

    @Test
    void aFileInTheWayOfAnAddressIsUntouched() throws IOException {
        Path document = Files.writeString(folder.resolve("document"), "precious");
        assertRefused(run("serve", "a", "--unix", document.toString(), "--run", ":"), 1, "not a socket");
        assertThat(document).hasContent("precious");
    }

    @Test
    void thePidFileIsThereMeanwhileAndNobodyElsesIsRemoved() throws IOException {
        Path pid = folder.resolve("pid");
        String own = String.valueOf(ProcessHandle.current().pid());
        assertThat(run("serve", "a", "--pidfile", pid.toString(), "--run", "test $(cat " + pid + ") = " + own).code)
                .isZero();
        assertThat(pid).doesNotExist();
        assertThat(run("serve", "a", "--pidfile", pid.toString(), "--run", "echo 1 >" + pid).code)
                .isZero();
        assertThat(pid).hasContent("1");
        assertThat(folder).isDirectoryNotContaining("glob:**/.kiobd*");
    }

    @Test
    void aTraceIsAppendedToATraceAndToNothingElse() throws IOException {
        Path trace = folder.resolve("trace");
        for (String earlier : List.of("", "{\"time\":\"2001-02-01T00:00:00.000000Z\"}\n")) {
            Files.writeString(trace, earlier);
            assertThat(run("serve", "a", "--trace", trace.toString(), "--run", ":").code)
                    .isZero();
            assertThat(trace).hasContent(earlier);
        }
        Path image = Files.write(folder.resolve("disk.img"), new byte[4096]);
        assertUntraceable(folder, "is not a trace");
        assertUntraceable(Files.createSymbolicLink(folder.resolve("link"), member("a")), "is not a trace");
        assertUntraceable(image, "is not a trace");
        assertUntraceable(folder.resolve("nowhere/trace"), "cannot be written");
        assertThat(image).hasBinaryContent(new byte[4096]);
        assertThat(run("check", "a").code).isZero();
    }

    private void assertUntraceable(Path file, String why) {
        assertRefused(
                run("serve", "a", "--trace", file.toString(), "--run", ":"),
                2,
                "--trace=" + file,
                why,
                "nothing is served");
    }
}
