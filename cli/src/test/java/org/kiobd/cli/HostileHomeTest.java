package org.kiobd.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.kiobd.store.MemberStores;
import picocli.CommandLine;

/** One entry of a home that is not as kiobd left it takes no other down, and is named with a reason; nothing of it is "a bug". */
@Tag("one-lane")
@Timeout(120)
class HostileHomeTest {
    private static final MemberStores STORES = MemberStores.load();
    private static final int ROUNDS = 60;

    @TempDir
    Path folder;

    private Path bad;

    private record Result(int code, String out, String err) {
        String all() {
            return out + err;
        }
    }

    private Result run(String... words) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        CommandLine command = Main.commandLine(STORES);
        command.setOut(new PrintWriter(out));
        command.setErr(new PrintWriter(err));
        String[] line = java.util.Arrays.copyOf(words, words.length + 2);
        line[words.length] = "--home";
        line[words.length + 1] = folder.resolve("home").toString();
        int code = command.execute(line);
        return new Result(code, out.toString(), err.toString());
    }

    @BeforeEach
    void makeTwo() {
        assertThat(run("create", "bad", "--size", "1M", "--members", "2").code())
                .isZero();
        assertThat(run("create", "good", "--size", "1M", "--members", "2").code())
                .isZero();
        bad = folder.resolve("home/volumes/bad");
    }

    /** What may have come into the place of a file. */
    enum Thing {
        FOLDER {
            @Override
            void make(Path at) throws IOException {
                Files.createDirectory(at);
            }
        },
        PIPE {
            @Override
            void make(Path at) throws IOException {
                try {
                    Process mkfifo = new ProcessBuilder("mkfifo", at.toString()).start();
                    assertThat(mkfifo.waitFor(30, TimeUnit.SECONDS)).isTrue();
                    assertThat(mkfifo.exitValue()).isZero();
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            }
        },
        SOCKET {
            @Override
            void make(Path at) throws IOException {
                try (ServerSocketChannel socket = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
                    socket.bind(UnixDomainSocketAddress.of(at));
                }
            }
        },
        LINK_TO_ITSELF {
            @Override
            void make(Path at) throws IOException {
                Files.createSymbolicLink(at, at);
            }
        },
        LINK_TO_NOTHING {
            @Override
            void make(Path at) throws IOException {
                Files.createSymbolicLink(at, at.resolveSibling("nothing"));
            }
        },
        ENDLESS {
            @Override
            void make(Path at) throws IOException {
                Files.createSymbolicLink(at, Path.of("/dev/zero"));
            }
        };

        abstract void make(Path at) throws IOException;
    }

    @ParameterizedTest
    @EnumSource(Thing.class)
    void whateverIsInThePlaceOfAManifest(Thing thing) throws IOException {
        Files.delete(bad.resolve("manifest.json"));
        thing.make(bad.resolve("manifest.json"));
        assertTheOtherIsWell("in the place of a manifest: " + thing);
        assertThat(run("list").out().lines().filter(line -> line.startsWith("bad")))
                .singleElement()
                .asString()
                .contains("damaged");
        Result check = run("check", "bad");
        assertThat(check.code()).as(check.toString()).isEqualTo(ExitCode.DAMAGE);
    }

    @ParameterizedTest
    @EnumSource(Thing.class)
    void whateverIsInThePlaceOfALock(Thing thing) throws IOException {
        Files.delete(bad.resolve("lock"));
        thing.make(bad.resolve("lock"));
        assertTheOtherIsWell("in the place of a lock: " + thing);
        assertOneLine(run("check", "bad"), "lock");
        assertOneLine(run("delete", "bad", "--yes"), "lock");
    }

    @ParameterizedTest
    @EnumSource(Thing.class)
    void whateverIsInThePlaceOfAnAnnouncement(Thing thing) throws IOException {
        thing.make(bad.resolve("server.json"));
        assertTheOtherIsWell("in the place of an announcement: " + thing);
        assertThat(run("list").out().lines().filter(line -> line.startsWith("bad")))
                .singleElement()
                .asString()
                .endsWith("idle");
    }

    @Test
    void anyBytesInManifestAndAnnouncement() throws IOException {
        long seed = Long.getLong("kiobd.seed", System.nanoTime());
        Random random = new Random(seed);
        byte[] valid = Files.readAllBytes(bad.resolve("manifest.json"));
        for (int round = 0; round < ROUNDS; round++) {
            byte[] mutated = valid.clone();
            for (int i = 0; i <= random.nextInt(4); i++) {
                mutated[random.nextInt(mutated.length)] = (byte) random.nextInt();
            }
            Files.write(bad.resolve("manifest.json"), mutated);
            byte[] noise = new byte[random.nextInt(64)];
            random.nextBytes(noise);
            Files.write(bad.resolve("server.json"), noise);
            assertTheOtherIsWell(
                    "seed=" + seed + " round=" + round + " " + new String(mutated, StandardCharsets.UTF_8));
        }
    }

    /** A command must not wait for a member that is, e.g., a pipe. */
    @ParameterizedTest
    @EnumSource(Thing.class)
    void whateverIsInThePlaceOfAMember(Thing thing) throws IOException {
        Files.delete(bad.resolve("member-1.img"));
        thing.make(bad.resolve("member-1.img"));
        assertTheOtherIsWell("in the place of a member: " + thing);
        assertThat(run("check", "bad").code()).isEqualTo(ExitCode.DAMAGE);
    }

    @Test
    void aVolumeBehindALinkToNothingIsNamed() throws IOException {
        Files.createSymbolicLink(bad.resolveSibling("gone"), folder.resolve("nowhere"));
        assertThat(run("list").out()).contains("good").contains("gone").contains("damaged");
    }

    @Test
    void anEmptyImageIsNotImported() throws IOException {
        Path image = Files.createFile(folder.resolve("empty.img"));
        assertOneLine(run("import", image.toString(), "good"), "empty");
        assertTheOtherIsWell("after an import that was refused");
    }

    @Test
    void theStoreIsNamedInAnyCase() {
        assertThat(run("create", "upper", "--size", "1M", "--store", "FILE").code())
                .isZero();
        assertThat(run("check", "upper").code()).isZero();
    }

    @Test
    void emptyPlacesAreRefused() {
        assertOneLine(run("create", "x", "--size", "1M", "--member", ""), "member is empty");
        assertOneLine(run("assemble", ""), "member is empty");
        assertOneLine(run("serve", "--raw", ""), "--raw", "the path is empty");
    }

    private void assertTheOtherIsWell(String as) {
        for (List<String> words : List.of(
                List.of("list"),
                List.of("list", "-o", "json"),
                List.of("check", "good"),
                List.of("info", "good"),
                List.of("snapshot", "list"))) {
            Result result = run(words.toArray(String[]::new));
            assertThat(result.code()).as("%s %s: %s", words, as, result).isZero();
            if (!words.contains("snapshot")) {
                assertThat(result.out()).as("%s %s", words, as).contains("good");
            }
            assertThat(result.all()).as("%s %s", words, as).doesNotContain("bug");
        }
        for (List<String> words : List.of(List.of("info", "bad"), List.of("check", "bad"))) {
            Result result = run(words.toArray(String[]::new));
            assertThat(result.all()).as("%s %s", words, as).doesNotContain("bug");
            assertThat(result.err().lines().count()).as("%s %s", words, as).isLessThanOrEqualTo(1);
        }
    }

    private static void assertOneLine(Result result, String... words) {
        assertThat(result.code()).as(result.toString()).isNotZero();
        assertThat(result.err().lines()).as(result.toString()).hasSize(1);
        assertThat(result.err()).contains(words).doesNotContain("bug");
    }
}
