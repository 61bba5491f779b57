package org.kiobd.manage.catalog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kiobd.store.MemberUri;
import org.kiobd.store.format.VolumeManifest;
import org.kiobd.volume.BlockIoException;

class VolumeCatalogTest {
    @TempDir
    Path home;

    private VolumeCatalog catalog;

    @BeforeEach
    void openCatalog() {
        catalog = new VolumeCatalog(home);
    }

    private VolumeManifest manifest(String name) throws BlockIoException {
        Path inside = catalog.folder(name).resolve("member-0.img");
        List<MemberUri> members =
                List.of(MemberUri.file(inside), MemberUri.parse("file:/elsewhere/b.img"), MemberUri.parse("memory:x"));
        return new VolumeManifest(name, UUID.randomUUID(), 123_456_789_012L, 65_536, 1, members, VolumeManifest.now());
    }

    private VolumeManifest save(String name) throws BlockIoException {
        VolumeManifest manifest = manifest(name);
        try (VolumeLock lock = catalog.reserve(name)) {
            catalog.save(manifest);
        }
        return manifest;
    }

    @Test
    void whatIsSavedIsLoaded() throws Exception {
        VolumeManifest saved = save("v");
        assertThat(catalog.load("v")).isEqualTo(saved);
        assertThat(catalog.names()).containsExactly("v");
    }

    @Test
    void membersInsideTheFolderMoveWithIt() throws Exception {
        save("old");
        try (VolumeLock lock = catalog.lock("old")) {
            catalog.rename("old", "fresh");
        }
        VolumeManifest moved = catalog.load("fresh");
        assertThat(moved.name()).isEqualTo("fresh");
        assertThat(moved.members().get(0))
                .isEqualTo(MemberUri.file(catalog.folder("fresh").resolve("member-0.img")));
        assertThat(moved.members().get(1).location()).isEqualTo("/elsewhere/b.img");
    }

    @Test
    void aCrashBeforeTheManifestLeavesNoVolume() throws Exception {
        catalog.reserve("half").close();
        assertThat(catalog.names()).isEmpty();
        assertThat(catalog.exists("half")).isFalse();
        Files.writeString(catalog.folder("half").resolve("manifest.json.new"), "{");
        save("half");
        assertThat(catalog.names()).containsExactly("half");
    }

    /** Killed at its last step, a deletion leaves a lock file; whoever asks for the volume next removes it, and nothing else. */
    @Test
    void aLockFileThatADeletionLeftGoesAndFilesOfOthersStay() throws Exception {
        for (String name : List.of("alone", "beside", "other", "filled")) {
            catalog.reserve(name).close();
        }
        Path somebodys = Files.writeString(catalog.folder("beside").resolve("notes"), "somebody's");
        Files.setPosixFilePermissions(catalog.folder("other"), PosixFilePermissions.fromString("rwxr-xr-x"));
        Files.writeString(catalog.folder("filled").resolve("lock"), "somebody's");
        for (String name : List.of("alone", "beside", "other", "filled")) {
            assertThatThrownBy(() -> catalog.lock(name)).hasMessageContaining("does not exist");
        }
        assertThat(catalog.folder("alone")).doesNotExist();
        assertThat(catalog.folder("beside").resolve("lock")).doesNotExist();
        assertThat(somebodys).hasContent("somebody's");
        assertThat(catalog.folder("other").resolve("lock")).exists();
        assertThat(catalog.folder("filled").resolve("lock")).hasContent("somebody's");
    }

    @Test
    void damagedManifestsSayHowToMendThem() throws Exception {
        save("v");
        Path file = catalog.folder("v").resolve("manifest.json");
        for (String text : List.of("", "{", "[]", "{\"format\":99}", "{\"format\":1,\"sizeBytes\":1}", "null")) {
            Files.writeString(file, text);
            assertThatThrownBy(() -> catalog.load("v"))
                    .as(text)
                    .isInstanceOf(BlockIoException.class)
                    .hasMessageContaining("volume=v")
                    .hasMessageContaining("kiobd assemble");
        }
    }

    @Test
    void oneLockAtATimeAndItSaysWhoHasIt() throws Exception {
        save("v");
        try (VolumeLock lock = catalog.lock("v")) {
            lock.announce(new ServerState(4711, Path.of("/run/x.sock"), List.of()));
            assertThatThrownBy(() -> catalog.lock("v")).hasMessageContaining("pid=4711");
            assertThat(catalog.server("v")).isEqualTo(new ServerState(4711, Path.of("/run/x.sock"), List.of()));
        }
        assertThat(catalog.server("v")).isNull();
        catalog.lock("v").close();
    }

    @Test
    void anAnnouncementWithoutALockIsThatOfADeadServer() throws Exception {
        save("v");
        Files.writeString(
                catalog.folder("v").resolve("server.json"), new ServerState(1, Path.of("/gone"), List.of()).encode());
        assertThat(catalog.server("v")).isNull();
    }

    @Test
    void anotherProcessIsKeptOutUntilItsHolderDies() throws Exception {
        save("v");
        Path program = Path.of(System.getProperty("java.home"), "bin", "java");
        Process holder = new ProcessBuilder(
                        program.toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        LockHolder.class.getName(),
                        home.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try {
            assertThat(holder.inputReader().readLine()).isEqualTo("locked");
            assertThatThrownBy(() -> catalog.lock("v")).hasMessageContaining("in use");
        } finally {
            holder.destroyForcibly();
        }
        assertThat(holder.waitFor(30, TimeUnit.SECONDS)).isTrue();
        catalog.lock("v").close();
    }

    /** Locks the volume in a process of its own and waits to be killed. */
    static final class LockHolder {
        private LockHolder() {}

        public static void main(String[] args) throws Exception {
            try (VolumeLock lock = new VolumeCatalog(Path.of(args[0])).lock("v")) {
                System.out.println("locked");
                System.in.read();
            }
        }
    }

    @Test
    void reservingATakenNameIsRefused() throws Exception {
        save("v");
        assertThatThrownBy(() -> catalog.reserve("v")).hasMessageContaining("exists already");
    }

    @Test
    void deletedVolumesAreGone() throws Exception {
        save("v");
        try (VolumeLock lock = catalog.lock("v")) {
            catalog.beginDeletion("v");
            assertThat(catalog.names()).isEmpty();
            assertThat(catalog.unfinishedNames()).containsExactly("v");
            catalog.endDeletion("v");
            catalog.abandon("v");
        }
        assertThat(catalog.names()).isEmpty();
        assertThat(catalog.folder("v")).doesNotExist();
        assertThatThrownBy(() -> catalog.lock("v")).hasMessageContaining("does not exist");
    }

    @Test
    void namesAreHeldToTheirAlphabet() {
        assertThat(VolumeNames.isName("A.b_c-9")).isTrue();
        assertThat(VolumeNames.isName("x".repeat(127))).isTrue();
        for (String bad : List.of("", ".", "..", "a/b", "a@b", "-a", "x".repeat(128), "ä", "a b", "a\n")) {
            assertThat(VolumeNames.isName(bad)).as(bad).isFalse();
        }
    }
}
