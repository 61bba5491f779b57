package org.kiobd.it.clients;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kiobd.it.kit.KiobdCli;
import org.kiobd.it.kit.KiobdCommand;
import org.kiobd.it.kit.KiobdServer;
import org.kiobd.nbd.testkit.RawNbdClient;
import org.kiobd.nbd.testkit.RawNbdClient.Request;

/** A disk that runs full, for real: members on a small tmpfs that lives in the server's own mount namespace. */
@Tag("one-lane")
@Timeout(60)
final class FullDiskIT {
    private static final int BLOCK = 1 << 20;
    private static final int VOLUME_BLOCKS = 64;

    @TempDir
    private Path folder;

    /** A command that mounts a tmpfs of {@code size} over {@code at}, runs {@code first}, and execs what follows. */
    private static List<String> onSmallDisk(Path at, String size, String first) {
        Peer.require("unshare");
        boolean root = System.getProperty("user.name").equals("root");
        return List.of(
                "unshare",
                root ? "-m" : "-rm",
                "sh",
                "-c",
                "mount -t tmpfs -o size=" + size + " none \"$0\" && " + first + " && exec \"$@\"",
                at.toString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"io_uring", "epoll"})
    void aFullDiskIsEnospcForWhoNeedsSpaceAndNothingForTheOthers(String engine) throws IOException {
        Path disk = Files.createDirectory(folder.resolve("disk"));
        Path home = folder.resolve("home");
        String create = "'" + KiobdCommand.launcher() + "' create vol --size 64M --chunk 64K --home '" + home + "'"
                + " --member 'file:" + disk + "/m0.img' --member 'file:" + disk + "/m1.img' >/dev/null";
        try (KiobdServer server = KiobdServer.in(home)
                        .under(onSmallDisk(disk, "24m", create))
                        .start("serve", "vol", "--engine", engine, "--listen", "127.0.0.1:0");
                RawNbdClient client = RawNbdClient.attach(URI.create(server.tcpUri()))) {
            byte[] content = new byte[BLOCK];
            int written = 0;
            int error = 0;
            while (error == 0 && written < VOLUME_BLOCKS) {
                Arrays.fill(content, (byte) (written + 1));
                client.send(Request.write(written, (long) written * BLOCK, content));
                error = client.readReply().errno();
                written += error == 0 ? 1 : 0;
            }
            assertThat(error).as("after blocks=%d", written).isEqualTo(RawNbdClient.ENOSPC);
            assertThat(written).isBetween(16, 24);
            for (int block = 0; block < written; block++) {
                Arrays.fill(content, (byte) (block + 1));
                assertThat(client.read((long) block * BLOCK, BLOCK)).isEqualTo(content);
            }
            // Overwriting needs no space, and TRIM makes some.
            assertThat(client.errnoOf(RawNbdClient.WRITE, 0, 0, BLOCK)).isZero();
            assertThat(client.errnoOf(RawNbdClient.FLUSH, 0, 0, 0)).isZero();
            assertThat(client.errnoOf(RawNbdClient.TRIM, 0, 0, 8 * BLOCK)).isZero();
            assertThat(client.errnoOf(RawNbdClient.WRITE, 0, 40L * BLOCK, 4 * BLOCK))
                    .isZero();
            server.stop();
        }
    }

    @Test
    void createOnAFullDiskFailsAndLeavesNothing() throws IOException {
        Path disk = Files.createDirectory(folder.resolve("disk"));
        Path home = folder.resolve("home");
        Path left = folder.resolve("left");
        String fill = "head -c 1M /dev/zero > '" + disk + "/filler'; true";
        // `ls` after the command, in the same namespace: what did it leave on the disk?
        List<String> prefix = onSmallDisk(disk, "1m", fill);
        KiobdCli.Result result = KiobdCli.run(
                concat(prefix, "sh", "-c", "\"$@\"; rc=$?; ls '" + disk + "' > '" + left + "'; exit $rc", "sh"),
                home,
                "create",
                "crowded",
                "--size",
                "64M",
                "--member",
                "file:" + disk + "/m0.img",
                "--member",
                "file:" + disk + "/m1.img");
        assertThat(result.exitCode()).as("%s", result).isEqualTo(1);
        assertThat(result.errorLines()).as("%s", result).hasSize(1);
        assertThat(Files.readString(left).strip()).isEqualTo("filler");
        assertThat(KiobdCli.ok(home, "list")).doesNotContain("crowded");
    }

    private static List<String> concat(List<String> first, String... more) {
        List<String> all = new java.util.ArrayList<>(first);
        all.addAll(List.of(more));
        return all;
    }
}
