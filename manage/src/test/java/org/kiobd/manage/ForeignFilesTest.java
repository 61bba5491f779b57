package org.kiobd.manage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kiobd.store.MemberUri;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.testkit.Seeded;

/** Files that kiobd did not make, and members of other volumes, are never touched. */
@Timeout(300)
final class ForeignFilesTest {
    private static final int SIZE_BYTES = 1 << 20;
    private static final int ROUNDS = 15;

    @TempDir
    private Path folder;

    private TestHome home;

    @BeforeEach
    void makeHome() throws IOException {
        home = new TestHome(folder.resolve("home"));
        home.create("big", SIZE_BYTES, "file,file");
        home.fill("big", 7, SIZE_BYTES);
    }

    @ParameterizedTest
    @ValueSource(strings = {"file", "rocksdb"})
    void deletingRemovesOnlyMembersOfTheVolume(String scheme) throws IOException {
        home.create("v", SIZE_BYTES, scheme + "," + scheme);
        home.create("w", SIZE_BYTES, scheme + "," + scheme);
        String name = "member-1." + (scheme.equals("file") ? "img" : "rocksdb");
        Path own = home.folder("v").resolve(name);
        Path aside = Files.move(own, folder.resolve("aside"));
        Files.move(home.folder("w").resolve(name), own);
        home.volumes().delete("v", false, Consent.GIVEN);
        assertThat(own).exists();
        Files.move(own, home.folder("w").resolve(name));
        home.assertWell("w");
        assertThat(aside).exists();
        home.create("v", SIZE_BYTES, scheme);
    }

    @Test
    void aForeignFileInARocksDbMemberStays() throws IOException {
        home.create("v", SIZE_BYTES, "rocksdb");
        Path precious = Files.writeString(home.folder("v").resolve("member-0.rocksdb/precious"), "mine");
        home.volumes().delete("v", false, Consent.GIVEN);
        assertThat(precious).hasContent("mine");
        home.create("v", SIZE_BYTES, "file");
    }

    /** A change of the scene. */
    @FunctionalInterface
    private interface Change {
        void run(TestHome scene) throws IOException;
    }

    private static final List<String> NAMES = List.of(
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
            "volumes/db/unfinished.new");

    private static final List<Change> CHANGES = List.of(
            scene -> scene.create("v", SIZE_BYTES, "file,file"),
            scene -> scene.create("v", SIZE_BYTES, "rocksdb,rocksdb"),
            scene -> scene.create(
                    "v", SIZE_BYTES, List.of(MemberUri.file(scene.path().resolve("pool/m.img")))),
            scene -> scene.copy("db", "v", "file"),
            scene -> scene.volumes().cloneSnapshot("db@s", "v"),
            scene -> scene.volumes().createSnapshot("db@t"),
            scene -> scene.volumes().rollback("db@s", Consent.GIVEN),
            scene -> scene.volumes().rename("db", "v"),
            scene -> scene.volumes().delete("db", true, Consent.GIVEN));

    /** Random things with the names that changes use, in random places; nothing of them may change. */
    @Seeded(rounds = 2)
    void whatIsInTheWayIsRefusedAndStays(Random random) throws IOException {
        home.create("db", SIZE_BYTES, "rocksdb,rocksdb");
        home.volumes().createSnapshot("db@s");
        for (int round = 0; round < ROUNDS; round++) {
            TestHome scene = home.copyTo(folder.resolve("scene-" + round));
            List<Path> decoys = decoys(scene.path(), random);
            Files.createDirectories(scene.path().resolve("pool"));
            Map<String, String> before = contents(decoys);
            int change = random.nextInt(CHANGES.size());
            String told = "round=" + round + " change=" + change + " decoys=" + decoys;
            try {
                CHANGES.get(change).run(scene);
            } catch (BlockIoException e) {
                told += " " + e.getMessage();
                assertThat(e.getMessage()).as(told).doesNotContain("\n");
            }
            if (!Files.exists(scene.folder("db")) && scene.catalog().exists("v")) {
                // The folder of a volume that is renamed moves with all that is in it.
                decoys.replaceAll(decoy -> moved(decoy, scene, before));
            }
            assertThat(decoys).as(told).allMatch(decoy -> Files.exists(decoy, LinkOption.NOFOLLOW_LINKS));
            Map<String, String> after = contents(decoys);
            after.keySet().retainAll(before.keySet());
            assertThat(after).as(told).isEqualTo(before);
            assertThat(scene.volumes().list()).as(told).isNotEmpty();
            scene.assertWell("big");
        }
    }

    private static Path moved(Path decoy, TestHome scene, Map<String, String> before) {
        Path from = scene.path().resolve("volumes/db");
        if (!decoy.startsWith(from)) {
            return decoy;
        }
        Path to = scene.path().resolve("volumes/v").resolve(from.relativize(decoy));
        for (String name : List.copyOf(before.keySet())) {
            if (name.startsWith(decoy + "/")) {
                before.put(to + name.substring(decoy.toString().length()), before.remove(name));
            }
        }
        return to;
    }

    /** An empty file may be a lock that kiobd left, but what is beside it is not. */
    @ParameterizedTest
    @ValueSource(strings = {"server.json", "control.sock", "scrub.json", "snapshots"})
    void anEmptyLockDoesNotMakeTheFilesBesideItOurs(String name) throws IOException {
        Path place = Files.createDirectories(home.folder("v"));
        Path lock = Files.createFile(place.resolve("lock"));
        Path precious = Files.writeString(place.resolve(name), "precious");
        for (Change change : CHANGES.subList(0, 2)) {
            assertThatThrownBy(() -> change.run(home))
                    .hasMessage(
                            precious + " is in the way and was not made by kiobd; nothing was touched; move it away,"
                                    + " or choose another name");
        }
        assertThatThrownBy(() -> home.volumes().rename("big", "v")).hasMessageContaining(" is in the way ");
        assertThat(precious).hasContent("precious");
        assertThat(lock).exists();
    }

    /** A file at the place of a member makes the creation fail; the folder and the lock that were there before stay. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void afterAFailedCreationAnEmptyFolderAndAnEmptyLockStay(boolean hasLock) throws IOException {
        Path inTheWay = Files.createDirectories(home.path().resolve("pool/m.img"));
        Path place = Files.createDirectory(home.folder("v"));
        Path lock = hasLock ? Files.createFile(place.resolve("lock")) : place.resolve("lock");
        assertThatThrownBy(() -> home.create("v", SIZE_BYTES, List.of(MemberUri.file(inTheWay))))
                .hasMessageContaining("exists already; it was not touched");
        assertThat(place).isDirectory();
        assertThat(Files.exists(lock)).isEqualTo(hasLock);
        home.create("v", SIZE_BYTES, "file");
        home.volumes().delete("v", false, Consent.GIVEN);
        assertThat(place).doesNotExist();
    }

    @ParameterizedTest
    @ValueSource(strings = {"manifest.json", "deleted.json", "change.json", "server.json", "snapshots"})
    void aLinkToNothingBesideAnEmptyLockStays(String name) throws IOException {
        Path place = Files.createDirectories(home.folder("v"));
        Path lock = Files.createFile(place.resolve("lock"));
        Path link = Files.createSymbolicLink(place.resolve(name), Path.of("nowhere"));
        assertThatThrownBy(() -> home.create("v", SIZE_BYTES, "file")).hasMessageContaining(" is in the way ");
        assertThat(link).isSymbolicLink();
        assertThat(lock).exists();
    }

    /** Otherwise the name could not be used again. */
    @Test
    void theSocketOfAKilledServerGoesWithTheVolumeAndOtherFilesStay() throws IOException {
        try (ServerSocketChannel socket = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            socket.bind(UnixDomainSocketAddress.of(home.folder("big").resolve("control.sock")));
        }
        home.volumes().delete("big", false, Consent.GIVEN);
        assertThat(home.folder("big")).doesNotExist();
        home.create("big", SIZE_BYTES, "file");
        Path precious = Files.writeString(home.folder("big").resolve("control.sock"), "precious");
        home.volumes().delete("big", false, Consent.GIVEN);
        assertThat(precious).hasContent("precious");
    }

    private static List<Path> decoys(Path scene, Random random) throws IOException {
        List<Path> decoys = new ArrayList<>();
        for (int i = random.nextInt(3); i >= 0; i--) {
            Path decoy = scene.resolve(NAMES.get(random.nextInt(NAMES.size())));
            if (!Files.exists(decoy, LinkOption.NOFOLLOW_LINKS)
                    && Files.isDirectory(existing(decoy.resolveSibling("")))) {
                Files.createDirectories(decoy.resolveSibling(""));
                decoys.add(decoy(decoy, random.nextInt(5)));
            }
        }
        return decoys;
    }

    private static Map<String, String> contents(List<Path> decoys) throws IOException {
        Map<String, String> all = new TreeMap<>();
        for (Path decoy : decoys) {
            TestHome.contents(decoy).forEach((name, text) -> all.put(decoy + "/" + name, text));
        }
        return all;
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
}
