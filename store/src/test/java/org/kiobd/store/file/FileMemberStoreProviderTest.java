package org.kiobd.store.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kiobd.store.MemberStore;
import org.kiobd.store.MemberUri;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;
import org.kiobd.volume.testkit.ChildJvm;

/** Making, opening and deleting file members, and each way in which that can be refused. */
class FileMemberStoreProviderTest {
    private static final int MIB = 1 << 20;

    @TempDir
    Path folder;

    private final FileMemberStoreProvider provider = new FileMemberStoreProvider();

    private MemberUri uri(String name) {
        return MemberUri.file(folder.resolve(name));
    }

    private static void refused(ThrowingCallable call, IoError error, String... words) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        BlockIoException.class, e -> assertThat(e.error()).isEqualTo(error))
                .message()
                .contains(words)
                .doesNotContain("\n");
    }

    @Test
    void aNewMemberIsSparseAndHasItsLength() throws Exception {
        try (MemberStore store = provider.create(uri("m"), 1L << 40)) {
            assertThat(store.sizeBytes()).isEqualTo(1L << 40);
            assertThat(store.allocatedBytes()).isLessThan(MIB);
            assertThat(store.readSuperblock(0)).containsOnly(0);
            assertThat(Files.size(folder.resolve("m"))).isEqualTo((1L << 40) + MIB);
        }
    }

    @Test
    void whatIsThereIsNeverOverwritten() throws Exception {
        Files.writeString(folder.resolve("letter"), "keep me");
        refused(() -> provider.create(uri("letter"), MIB), IoError.IO, "letter", "exists already");
        assertThat(folder.resolve("letter")).hasContent("keep me");
        refused(() -> provider.create(MemberUri.file(folder), MIB), IoError.IO, "exists already");
    }

    @Test
    void eachWrongPathIsNamed() throws Exception {
        Process made = new ProcessBuilder("mkfifo", folder.resolve("pipe").toString()).start();
        assertThat(made.waitFor()).isZero();
        refused(() -> provider.open(uri("missing"), false), IoError.IO, "missing does not exist");
        refused(() -> provider.create(uri("no/m"), MIB), IoError.IO, folder.resolve("no") + " does not exist");
        refused(() -> provider.open(MemberUri.file(folder), false), IoError.IO, "is a folder");
        refused(() -> provider.open(uri("pipe"), true), IoError.INVALID, "neither a file nor a block device");
        refused(() -> provider.open(MemberUri.file(Path.of("/dev/null")), true), IoError.INVALID, "/dev/null");
        refused(() -> provider.open(MemberUri.parse("file:"), true), IoError.INVALID, "file:PATH");
        assertThat(provider.exists(uri("missing"))).isFalse();
        assertThat(provider.exists(MemberUri.parse("file:"))).isFalse();
    }

    @Test
    void aShortFileSaysHowMuchItHolds() throws Exception {
        provider.create(uri("m"), MIB).close();
        try (FileChannel channel = FileChannel.open(folder.resolve("m"), StandardOpenOption.WRITE)) {
            channel.truncate(MIB + 4096);
        }
        try (MemberStore store = provider.open(uri("m"), false)) {
            assertThat(store.sizeBytes()).isEqualTo(4096);
        }
        try (FileChannel channel = FileChannel.open(folder.resolve("m"), StandardOpenOption.WRITE)) {
            channel.truncate(100);
        }
        try (MemberStore store = provider.open(uri("m"), false)) {
            assertThat(store.sizeBytes()).isZero();
            assertThat(store.readSuperblock(0)).containsOnly(0);
            assertThat(store.readSuperblock(1)).containsOnly(0);
        }
    }

    @Test
    void deletingRemovesItUnlessItIsInUse() throws Exception {
        MemberStore store = provider.create(uri("m"), MIB);
        refused(() -> provider.delete(uri("m")), IoError.NOT_PERMITTED, "in use");
        assertThat(provider.exists(uri("m"))).isTrue();
        store.close();
        provider.delete(uri("m"));
        assertThat(folder).isEmptyDirectory();
        provider.delete(uri("m"));
        refused(() -> provider.delete(MemberUri.file(folder)), IoError.IO, "is a folder");
    }

    /** A link in the member's place is no member: the file it leads to is, and its bytes are what is to go. */
    @Test
    void deletingALinkRemovesWhatItLeadsToAndTheLinks() throws Exception {
        Path elsewhere = Files.createDirectory(folder.resolve("elsewhere"));
        Path neighbour = Files.createFile(elsewhere.resolve("neighbour"));
        provider.create(MemberUri.file(elsewhere.resolve("data")), MIB).close();
        Files.createSymbolicLink(folder.resolve("second"), Path.of("elsewhere/data"));
        Files.createSymbolicLink(folder.resolve("m"), folder.resolve("second"));
        MemberStore store = provider.open(uri("m"), false);
        refused(() -> provider.delete(uri("m")), IoError.NOT_PERMITTED, "in use");
        assertThat(Files.exists(folder.resolve("m"))).isTrue();
        store.close();
        provider.delete(uri("m"));
        assertThat(elsewhere).isDirectoryContaining(path -> path.equals(neighbour));
        assertThat(elsewhere.resolve("data")).doesNotExist();
        assertThat(Files.isSymbolicLink(folder.resolve("m"))).isFalse();
        assertThat(Files.isSymbolicLink(folder.resolve("second"))).isFalse();
    }

    /** A crash came between the two. */
    @Test
    void aLinkThatLeadsNowhereIsDeletedToo() throws Exception {
        Files.createSymbolicLink(folder.resolve("m"), folder.resolve("gone"));
        provider.delete(uri("m"));
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void theLockOutlivesOtherDescriptorsOfTheFile() throws Exception {
        try (MemberStore store = provider.create(uri("m"), MIB)) {
            FileChannel.open(folder.resolve("m"), StandardOpenOption.WRITE).close();
            refused(() -> provider.open(uri("m"), false), IoError.NOT_PERMITTED, "m is in use by another server");
            assertThat(store.isReadOnly()).isFalse();
        }
    }

    @Test
    void anotherProcessIsKeptOutAndLosesItsLockWhenItIsKilled() throws Exception {
        provider.create(uri("m"), MIB).close();
        String path = folder.resolve("m").toString();
        try (ChildJvm other = new ChildJvm(List.of(), FileFaults.class, "hold", path)) {
            assertThat(other.nextLine()).isEqualTo("held " + MIB);
            refused(() -> provider.open(uri("m"), false), IoError.NOT_PERMITTED, path, "in use by another server");
            refused(() -> provider.open(uri("m"), true), IoError.NOT_PERMITTED, path, "in use by another server");
            other.kill();
        }
        try (MemberStore store = provider.open(uri("m"), false);
                ChildJvm other = new ChildJvm(List.of(), FileFaults.class, "open", path)) {
            assertThat(other.nextLine())
                    .isEqualTo("NOT_PERMITTED: " + path
                            + " is in use by another server; it was not touched; stop that server first");
            assertThat(store.isReadOnly()).isFalse();
        }
    }

    /** In a user namespace of its own even root is nobody to the file. */
    @Test
    void withoutPermissionItIsRefused() throws Exception {
        provider.create(uri("m"), MIB).close();
        Path path = folder.resolve("m");
        Files.setPosixFilePermissions(path, java.util.Set.of());
        try (ChildJvm nobody = new ChildJvm(List.of("unshare", "--user"), FileFaults.class, "open", path.toString())) {
            assertThat(nobody.nextLine()).startsWith("NOT_PERMITTED: " + path + " permission denied");
        }
    }

    @Test
    void aFileThatMayNotGrowEndsInNoSpace() throws Exception {
        try (ChildJvm limited =
                new ChildJvm(List.of("prlimit", "--fsize=" + 4 * MIB), FileFaults.class, "limit", folder.toString())) {
            assertThat(limited.nextLine())
                    .startsWith("NO_SPACE: " + folder.resolve("large"))
                    .contains("is larger than")
                    .endsWith("(nothing there)");
            assertThat(limited.nextLine()).isEqualTo("created " + 2 * MIB + " (there)");
            // The file's first MiB is not data: of the four from 2 MiB on, one fits below the limit.
            assertThat(limited.rest().lines())
                    .containsExactly(
                            "io_uring done=" + MIB + " error=NO_SPACE",
                            "io_uring done=0 error=NO_SPACE",
                            "io_uring same bytes: true",
                            "nio done=" + MIB + " error=NO_SPACE",
                            "nio done=0 error=NO_SPACE",
                            "nio same bytes: true");
            assertThat(limited.exitCode()).isZero();
        }
    }

    @Test
    void aFullOrReadOnlyFileSystemIsSaidAndSurvived() throws Exception {
        Path place = Files.createDirectory(folder.resolve("place"));
        try (ChildJvm owner = new ChildJvm(
                List.of("unshare", "--user", "--map-root-user", "--mount"),
                FileFaults.class,
                "full",
                place.toString())) {
            List<String> lines = owner.rest().lines().toList();
            assertThat(lines).hasSize(20);
            assertThat(lines.get(0)).isEqualTo("created " + 64 * MIB + " (there)");
            for (int engine = 0; engine < 2; engine++) {
                String name = engine == 0 ? "io_uring" : "nio";
                assertThat(lines.subList(1 + engine * 8, 9 + engine * 8))
                        .containsExactly(
                                name + " done=some error=NO_SPACE",
                                name + " same bytes: true",
                                name + " trim done=" + 64 * MIB + " error=null",
                                name + " done=" + MIB + " error=null",
                                name + " zero done=" + (MIB - 2) + " error=null",
                                name + " fast zero done=0 error=NOT_SUPPORTED",
                                name + " ends kept: true",
                                name + " trim done=" + 64 * MIB + " error=null");
            }
            assertThat(lines.get(17)).startsWith("NOT_PERMITTED: ").contains("is on a read-only file system");
            assertThat(lines.get(18)).isEqualTo("opened " + 64 * MIB);
            assertThat(lines.get(19)).startsWith("NOT_PERMITTED: ").endsWith("(nothing there)");
            assertThat(owner.exitCode()).isZero();
        }
    }
}
