package org.kiobd.store.rocksdb;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kiobd.store.MemberUri;
import org.kiobd.volume.BlockIoException;

/** A member's folder: who may enter it, and what goes with it. */
class RocksDeleteTest {
    private static final RocksMemberStoreProvider PROVIDER = new RocksMemberStoreProvider();
    private static final long SIZE_BYTES = 16L << 20;

    @TempDir
    private Path folder;

    private static MemberUri uri(Path place) {
        return MemberUri.parse("rocksdb:" + place);
    }

    @Test
    void onlyItsOwnerMayEnterIt() throws Exception {
        Path place = folder.resolve("m");
        PROVIDER.create(uri(place), SIZE_BYTES).close();
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(place)))
                .isEqualTo("rwx------");
    }

    @Test
    void deletingALinkRemovesTheDatabaseItLeadsTo() throws Exception {
        Path elsewhere = Files.createDirectory(folder.resolve("elsewhere"));
        PROVIDER.create(uri(elsewhere.resolve("data")), SIZE_BYTES).close();
        Path link = Files.createSymbolicLink(folder.resolve("m"), elsewhere.resolve("data"));
        PROVIDER.delete(uri(link));
        assertThat(elsewhere).isEmptyDirectory();
        assertThat(Files.isSymbolicLink(link)).isFalse();
        Files.createSymbolicLink(link, elsewhere.resolve("gone"));
        PROVIDER.delete(uri(link));
        assertThat(Files.isSymbolicLink(link)).isFalse();
    }

    /** Whatever has come into a member's place is somebody's. */
    @Test
    void whatIsNoMemberStays() throws Exception {
        Path file = Files.createFile(folder.resolve("file"));
        Path link = Files.createSymbolicLink(folder.resolve("link"), file);
        Path filled = Files.createDirectory(folder.resolve("filled"));
        Files.createFile(filled.resolve("something"));
        for (Path place : List.of(file, link, filled)) {
            assertThatThrownBy(() -> PROVIDER.delete(uri(place)))
                    .isInstanceOf(BlockIoException.class)
                    .hasMessageContaining("was not deleted");
            assertThat(place).exists();
        }
        assertThat(file).isRegularFile();
        assertThat(filled.resolve("something")).exists();
    }
}
