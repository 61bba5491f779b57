package org.kiobd.it.clients;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.kiobd.it.kit.HostCommand;
import org.kiobd.it.kit.KiobdCli;
import org.kiobd.it.kit.KiobdServer;
import org.kiobd.nbd.testkit.RawNbdClient;
import org.kiobd.nbd.testkit.RawNbdClient.Request;

/** What goes wrong on a command line: one clear line on standard error, exit code 1, and nothing lost. */
@Tag("one-lane")
@Timeout(120)
final class CommandErrorIT {
    private static final String SIZE = "16M";
    private static final int SUPERBLOCKS = 1 << 20;
    private static final String ANY_PORT = "127.0.0.1:0";

    @TempDir
    private static Path root;

    private static Path folder;
    private static Path home;
    private static Path data;

    /** Makes the volume once; each test has a copy of it in the same place. */
    @BeforeAll
    static void createOneVolume() throws IOException {
        folder = Files.createDirectory(root.resolve("folder"));
        home = folder.resolve("home");
        data = Files.createDirectory(folder.resolve("data"));
        create("vol", "m");
        try (KiobdServer server = KiobdServer.in(home).start("serve", "vol", "--listen", ANY_PORT);
                RawNbdClient client = RawNbdClient.attach(URI.create(server.tcpUri()))) {
            byte[] content = new byte[4 << 20];
            new java.util.Random(4).nextBytes(content);
            client.send(Request.write(1, 0, content));
            assertThat(client.readReply().errno()).isZero();
            server.stop();
        }
        Files.move(folder, pattern());
    }

    private static Path pattern() {
        return root.resolve("pattern");
    }

    @BeforeEach
    void copyIt() {
        HostCommand.output("cp", "-a", "--sparse=always", pattern().toString(), folder.toString());
    }

    @AfterEach
    void removeTheCopy() {
        HostCommand.output("rm", "-r", folder.toString());
    }

    private static void create(String name, String memberPrefix) {
        KiobdCli.ok(home, createCommand(name, memberPrefix));
    }

    private static String[] createCommand(String name, String memberPrefix) {
        List<String> command = new ArrayList<>(List.of("create", name, "--size", SIZE));
        for (int i = 0; i < 4; i++) {
            command.addAll(List.of("--member", "file:" + member(memberPrefix, i)));
        }
        return command.toArray(String[]::new);
    }

    private static Path member(String prefix, int index) {
        return data.resolve(prefix + index + ".img");
    }

    private static Path member(int index) {
        return member("m", index);
    }

    /** A checksum for each file of catalog and members; of members without their first {@code skipBytes}. */
    private Map<String, String> contents(int skipBytes) throws IOException {
        Map<String, String> contents = new TreeMap<>();
        for (Path folderOfFiles : List.of(data, home)) {
            try (Stream<Path> files = Files.walk(folderOfFiles)) {
                for (Path file : files.filter(Files::isRegularFile).toList()) {
                    CRC32 crc = new CRC32();
                    byte[] bytes = Files.readAllBytes(file);
                    int skip = folderOfFiles.equals(data) ? Math.min(skipBytes, bytes.length) : 0;
                    crc.update(bytes, skip, bytes.length - skip);
                    contents.put(folder.relativize(file).toString(), Files.size(file) + "/" + crc.getValue());
                }
            }
        }
        return contents;
    }

    /** The command fails with one line that has all these words, and not a byte of any file changes. */
    private void refuses(List<String> words, String... command) throws IOException {
        refuses(0, words, command);
    }

    private void refuses(int skipBytes, List<String> words, String... command) throws IOException {
        Map<String, String> before = contents(skipBytes);
        assertRefused(KiobdCli.run(home, command), words);
        assertThat(contents(skipBytes)).as("files before and after").isEqualTo(before);
    }

    private static void assertRefused(KiobdCli.Result result, List<String> words) {
        assertThat(result.exitCode()).as("%s", result).isEqualTo(1);
        assertThat(result.errorLines()).as("%s", result).hasSize(1);
        assertThat(result.err()).contains(words).doesNotContain("Exception");
    }

    private void refusesToServe(String... words) throws IOException {
        refuses(List.of(words), "serve", "vol", "--listen", ANY_PORT);
    }

    private void servesAgain() throws IOException {
        try (KiobdServer server = KiobdServer.in(home).start("serve", "vol", "--listen", ANY_PORT);
                RawNbdClient client = RawNbdClient.attach(URI.create(server.tcpUri()))) {
            byte[] content = new byte[4 << 20];
            new java.util.Random(4).nextBytes(content);
            assertThat(client.read(0, content.length)).isEqualTo(content);
            server.stop();
        }
    }

    @Test
    void createTwice() throws IOException {
        refuses(List.of("vol"), createCommand("vol", "other"));
        assertThat(member("other", 0)).doesNotExist();
        refuses(List.of("m0.img"), createCommand("second", "m"));
        servesAgain();
    }

    @Test
    void deleteAndServeAndRenameWhileServed() throws IOException {
        try (KiobdServer server = KiobdServer.in(home).start("serve", "vol", "--listen", ANY_PORT)) {
            refuses(List.of("vol"), "delete", "vol", "--yes");
            refuses(List.of("vol"), "rename", "vol", "other");
            refusesToServe("vol");
            assertThat(server.isAlive()).isTrue();
            server.stop();
        }
        servesAgain();
    }

    @Test
    void memberMissing() throws IOException {
        Path away = folder.resolve("away");
        Files.move(member(2), away);
        refusesToServe("m2.img");
        refuses(List.of("m2.img"), "resize", "vol", "--size", "32M");
        Files.move(away, member(2));
        servesAgain();
    }

    @Test
    void membersSwapped() throws IOException {
        swap(member(1), member(3));
        refusesToServe("m1.img");
        swap(member(1), member(3));
        servesAgain();
    }

    private void swap(Path one, Path other) throws IOException {
        Path third = folder.resolve("third");
        Files.move(one, third);
        Files.move(other, one);
        Files.move(third, other);
    }

    @Test
    void memberTruncated() throws IOException {
        Path whole = Files.copy(member(1), folder.resolve("whole"));
        try (RandomAccessFile file = new RandomAccessFile(member(1).toFile(), "rw")) {
            file.setLength(2 << 20);
        }
        refusesToServe("m1.img");
        try (RandomAccessFile file = new RandomAccessFile(member(1).toFile(), "rw")) {
            file.setLength(0);
        }
        refusesToServe("m1.img");
        Files.move(whole, member(1), StandardCopyOption.REPLACE_EXISTING);
        servesAgain();
    }

    @Test
    void memberFromAnotherVolume() throws IOException {
        create("foreign", "f");
        Path own = folder.resolve("own");
        Files.move(member(2), own);
        Files.copy(member("f", 2), member(2));
        refusesToServe("m2.img");
        Files.move(own, member(2), StandardCopyOption.REPLACE_EXISTING);
        servesAgain();
    }

    @Test
    void memberWithoutASuperblock() throws IOException {
        Path own = Files.copy(member(0), folder.resolve("own"));
        try (RandomAccessFile file = new RandomAccessFile(member(0).toFile(), "rw")) {
            file.write(new byte[1 << 20]);
        }
        refusesToServe("m0.img");
        Files.move(own, member(0), StandardCopyOption.REPLACE_EXISTING);
        servesAgain();
    }

    @Test
    void memberLockedByAnotherServer() throws IOException {
        Path otherHome = folder.resolve("other-home");
        List<String> assemble = new ArrayList<>(List.of("assemble"));
        for (int i = 0; i < 4; i++) {
            assemble.add("file:" + member(i));
        }
        KiobdCli.ok(otherHome, assemble.toArray(String[]::new));
        try (KiobdServer server = KiobdServer.in(otherHome).start("serve", "vol", "--listen", ANY_PORT)) {
            // Another catalog, so only the lock on the members themselves can tell.
            refusesToServe("m0.img");
            assertRefused(
                    KiobdCli.run(home, "serve", "--raw", member(0).toString(), "--listen", ANY_PORT),
                    List.of("m0.img"));
            assertRefused(KiobdCli.run(home, "delete", "vol", "--yes"), List.of("m0.img"));
            assertThat(member(0)).exists();
            server.stop();
        }
        servesAgain();
    }

    @Test
    void portInUse() throws IOException {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            String port = Integer.toString(taken.getLocalPort());
            // The volume is whole and may have been opened and closed again, which its superblocks note.
            refuses(SUPERBLOCKS, List.of(port), "serve", "vol", "--listen", "127.0.0.1:" + port);
        }
        try (KiobdServer server = KiobdServer.in(home)
                .start("serve", "vol", "--unix", folder.resolve("s.sock").toString())) {
            create("second", "s");
            refuses(
                    SUPERBLOCKS,
                    List.of("s.sock"),
                    "serve",
                    "second",
                    "--unix",
                    folder.resolve("s.sock").toString());
            RawNbdClient.attach(URI.create(server.unixUri())).close();
            server.stop();
        }
        servesAgain();
    }

    @Test
    void noPermission() throws IOException {
        Files.setPosixFilePermissions(member(3), PosixFilePermissions.fromString("---------"));
        List<String> asOrdinaryUser = withoutRootsOverride();
        assertRefused(KiobdCli.run(asOrdinaryUser, home, "serve", "vol", "--listen", ANY_PORT), List.of("m3.img"));
        Files.setPosixFilePermissions(member(3), PosixFilePermissions.fromString("rw-r--r--"));
        Path forbidden = Files.createDirectory(folder.resolve("forbidden"));
        Files.setPosixFilePermissions(forbidden, PosixFilePermissions.fromString("r-xr-xr-x"));
        assertRefused(
                KiobdCli.run(
                        asOrdinaryUser,
                        home,
                        "create",
                        "second",
                        "--size",
                        SIZE,
                        "--member",
                        "file:" + forbidden.resolve("x.img")),
                List.of("x.img"));
        assertRefused(
                KiobdCli.run(asOrdinaryUser, forbidden.resolve("home"), "create", "third", "--size", SIZE),
                List.of("forbidden"));
        assertThat(KiobdCli.ok(home, "list")).doesNotContain("second");
        servesAgain();
    }

    /** Root may open everything, whatever the permissions, unless it gives that up. */
    private static List<String> withoutRootsOverride() {
        if (!System.getProperty("user.name").equals("root")) {
            return List.of();
        }
        Peer.require("setpriv");
        return List.of("setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all");
    }

    @Test
    void namesAndVolumesThatAreNot() throws IOException {
        refuses(List.of("nowhere"), "info", "nowhere");
        refuses(List.of("nowhere"), "serve", "nowhere", "--listen", ANY_PORT);
        refuses(List.of("nowhere"), "delete", "nowhere", "--yes");
        refuses(
                List.of("no-such.img"),
                "serve",
                "--raw",
                data.resolve("no-such.img").toString(),
                "--listen",
                ANY_PORT);
        assertThat(KiobdCli.run(home, "serve").exitCode())
                .as("serve without a name")
                .isEqualTo(2);
        assertThat(KiobdCli.run(home, "create", "../x", "--size", SIZE).exitCode())
                .isIn(1, 2);
        assertThat(KiobdCli.run(home, "create", "x", "--size", "-5").exitCode()).isEqualTo(2);
        assertThat(KiobdCli.run(home, "resize", "vol", "--size", "4M").exitCode())
                .as("shrinking")
                .isEqualTo(1);
        servesAgain();
    }
}
