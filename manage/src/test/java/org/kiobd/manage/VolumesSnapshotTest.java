package org.kiobd.manage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kiobd.manage.catalog.VolumeLock;
import org.kiobd.store.format.VolumeManifest;

/** Snapshots of a volume that nobody serves. */
final class VolumesSnapshotTest {
    private static final int SIZE_BYTES = 1 << 20;

    @TempDir
    private Path folder;

    private TestHome home;

    @BeforeEach
    void makeVolumeWithSnapshot() throws IOException {
        home = new TestHome(folder.resolve("home"));
        home.create("a", SIZE_BYTES, "rocksdb,rocksdb");
        home.fill("a", 1, SIZE_BYTES);
        Volumes.MadeSnapshot made = home.volumes().createSnapshot("a@one");
        assertThat(made.manifest().name()).isEqualTo("a@one");
        assertThat(made.heldMicros()).isNotNegative();
        home.fill("a", 2, SIZE_BYTES);
    }

    @Test
    void volumeSnapshotAndCloneGoTheirOwnWays() throws IOException {
        VolumeManifest clone = home.volumes().cloneSnapshot("a@one", "b");
        assertThat(List.of(
                        clone.uuid(),
                        home.catalog().load("a").uuid(),
                        home.catalog().load("a@one").uuid()))
                .doesNotHaveDuplicates();
        home.fill("b", 3, SIZE_BYTES);
        home.assertHolds("a", 2, SIZE_BYTES);
        home.assertHolds("a@one", 1, SIZE_BYTES);
        home.volumes().deleteSnapshot("a@one");
        assertThat(home.volumes().listSnapshots("a")).isEmpty();
        home.volumes().delete("a", false, Consent.GIVEN);
        home.assertHolds("b", 3, SIZE_BYTES);
        home.assertWell("b");
        home.assertTidy();
    }

    @Test
    void aVolumeGoesBackAndForthAndItsSizeWithIt() throws IOException {
        home.volumes().resize("a", 2 * SIZE_BYTES);
        home.volumes().createSnapshot("a@two");
        assertThat(home.volumes().rollback("a@one", Consent.GIVEN).sizeBytes()).isEqualTo(SIZE_BYTES);
        home.assertHolds("a", 1, SIZE_BYTES);
        assertThat(home.volumes().rollback("a@two", Consent.GIVEN).sizeBytes()).isEqualTo(2 * SIZE_BYTES);
        home.assertHolds("a", 2, SIZE_BYTES);
        assertThat(home.volumes().listSnapshots(null))
                .extracting(VolumeEntry::name)
                .containsExactly("a@one", "a@two");
        home.assertTidy();
    }

    /** Thrown by a consent that is refused. */
    private static final class Refused extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }

    @Test
    void withoutConsentNothingIsRolledBack() throws IOException {
        VolumeManifest snapshot = home.catalog().load("a@one");
        assertThatThrownBy(() -> home.volumes().rollback("a@one", asked -> {
                    assertThat(asked).isEqualTo(snapshot);
                    throw new Refused();
                }))
                .isInstanceOf(Refused.class);
        home.assertHolds("a", 2, SIZE_BYTES);
        home.assertTidy();
    }

    @Test
    void aVolumeWithSnapshotsIsDeletedOnlyWithThem() throws IOException {
        assertThatThrownBy(() -> home.volumes().delete("a", false, Consent.GIVEN))
                .hasMessage(
                        "volume=a has snapshots (a@one) and was not deleted; use --with-snapshots, or delete them first"
                                + " with kiobd snapshot delete");
        home.assertHolds("a", 2, SIZE_BYTES);
        home.assertHolds("a@one", 1, SIZE_BYTES);
        assertThat(home.volumes().delete("a", true, Consent.GIVEN)).isTrue();
        assertThat(home.path().resolve("volumes")).isEmptyDirectory();
    }

    @Test
    void aSnapshotGoesWithItsVolume() throws IOException {
        home.volumes().rename("a", "c");
        home.assertHolds("c@one", 1, SIZE_BYTES);
        assertThat(home.volumes().listSnapshots("c"))
                .extracting(VolumeEntry::name)
                .containsExactly("c@one");
        VolumeEntry entry = home.volumes().listSnapshots("c").get(0);
        assertThat(entry.usedBytes()).isPositive();
        assertThat(entry.heldBytes()).isNotNegative();
        assertThat(entry.health().state()).isEqualTo(VolumeState.IDLE);
    }

    @Test
    void aSnapshotThatIsReadIsNotDeletedNorRenamedAway() throws IOException {
        try (VolumeLock lock = home.catalog().lock("a@one")) {
            assertThatThrownBy(() -> home.volumes().deleteSnapshot("a@one"))
                    .hasMessageContaining("volume=a@one is in use");
            assertThatThrownBy(() -> home.volumes().rollback("a@one", Consent.GIVEN))
                    .hasMessageContaining("in use");
            assertThatThrownBy(() -> home.volumes().rename("a", "b")).hasMessageContaining("volume=a@one is in use");
            assertThatThrownBy(() -> home.volumes().delete("a", true, Consent.GIVEN))
                    .hasMessageContaining("volume=a@one is in use");
            assertThatThrownBy(() -> home.volumes().cloneSnapshot("a@one", "b")).hasMessageContaining("in use");
        }
        home.assertHolds("a@one", 1, SIZE_BYTES);
        home.assertHolds("a", 2, SIZE_BYTES);
    }

    @Test
    void aSnapshotBringsBackAVolumeWhoseMembersAreDamaged() throws IOException {
        Files.delete(home.folder("a").resolve("member-1.rocksdb/db/CURRENT"));
        assertThatThrownBy(() -> home.content("a")).hasMessageContaining("member=1");
        home.volumes().rollback("a@one", Consent.GIVEN);
        home.assertHolds("a", 1, SIZE_BYTES);
        assertThat(home.folder("a").resolve("member-1.rocksdb")).doesNotExist();
    }

    @Test
    void whatCannotBeIsRefusedAndChangesNothing() throws IOException {
        assertThatThrownBy(() -> home.volumes().createSnapshot("a@one"))
                .hasMessage("snapshot=a@one exists already; it was not touched; choose another name");
        assertThatThrownBy(() -> home.volumes().createSnapshot("a"))
                .hasMessage("snapshot=a is not a snapshot name; snapshots are named VOLUME@NAME");
        assertThatThrownBy(() -> home.volumes().createSnapshot("none@one"))
                .hasMessageContaining("volume=none does not exist");
        assertThatThrownBy(() -> home.volumes().deleteSnapshot("a@none"))
                .hasMessage("snapshot=a@none does not exist; kiobd snapshot list a shows those that do, kiobd snapshot"
                        + " create a@none makes it");
        assertThatThrownBy(() -> home.volumes().cloneSnapshot("a@one", "a"))
                .hasMessageContaining("volume=a exists already");
        assertThatThrownBy(() -> home.volumes().cloneSnapshot("a@one", "b@two"))
                .hasMessageContaining("volume=b@two names a snapshot, and a snapshot never changes");
        assertThatThrownBy(() -> home.volumes().rename("a@one", "x")).hasMessageContaining("never changes");
        assertThatThrownBy(() -> home.volumes().resize("a@one", 1 << 30)).hasMessageContaining("never changes");
        assertThatThrownBy(() -> home.volumes().listSnapshots("a@one")).hasMessageContaining("names a snapshot");
        assertThatThrownBy(() -> home.volumes().listSnapshots("none")).hasMessageContaining("does not exist");
        home.assertHolds("a", 2, SIZE_BYTES);
        home.assertHolds("a@one", 1, SIZE_BYTES);
    }

    /** Of several members none is copied if one cannot be. */
    @ParameterizedTest
    @ValueSource(strings = {"memory,memory", "rocksdb,memory"})
    void aStoreThatCannotSaysWhatCanAndNothingIsMade(String stores) throws IOException {
        home.create("m", SIZE_BYTES, stores);
        home.fill("m", 4, SIZE_BYTES);
        assertThatThrownBy(() -> home.volumes().createSnapshot("m@one"))
                .hasMessageContaining("memory:")
                .hasMessageContaining("kiobd copy")
                .hasMessageContaining("nothing was made");
        assertThat(home.volumes().listSnapshots("m")).isEmpty();
        assertThat(home.folder("m").resolve("snapshots")).doesNotExist();
        home.fill("m", 5, SIZE_BYTES);
        home.assertHolds("m", 5, SIZE_BYTES);
    }
}
