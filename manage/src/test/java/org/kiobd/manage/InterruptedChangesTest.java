package org.kiobd.manage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kiobd.manage.catalog.Change;
import org.kiobd.manage.catalog.Changes;
import org.kiobd.manage.catalog.VolumeLock;
import org.kiobd.raid.ArraySpec;
import org.kiobd.store.MemberStores;
import org.kiobd.store.MemberUri;
import org.kiobd.volume.BlockIoException;

/** What a killed change leaves, and what becomes of it. Changes are killed at every system call by it/kill-points. */
final class InterruptedChangesTest {
    private static final int SIZE_BYTES = 2 << 20;

    /** A use of a volume. */
    @FunctionalInterface
    private interface Work {
        void run() throws IOException;
    }

    @TempDir
    private Path folder;

    private TestHome home;

    @BeforeEach
    void makeVolume() throws IOException {
        home = new TestHome(folder.resolve("home"));
        home.create("big", SIZE_BYTES, "file,file");
        home.fill("big", 7, SIZE_BYTES);
    }

    /** Makes volume {@code twin} over {@code members}, and returns a copy of the home from when half of it was written. */
    private TestHome killedCopy(List<MemberUri> members) throws BlockIoException {
        Path killed = folder.resolve("killed");
        try (VolumeSource source = home.volumes().read("big")) {
            home.volumes()
                    .copy(
                            source,
                            "twin",
                            place -> new ArraySpec("twin", SIZE_BYTES, 65_536, members),
                            (from, to) -> home.copyTo(killed));
        }
        return new TestHome(killed);
    }

    private List<MemberUri> inside(String scheme) throws BlockIoException {
        return TestHome.places(home.folder("twin"), "twin", scheme + "," + scheme);
    }

    @ParameterizedTest
    @ValueSource(strings = {"file", "rocksdb"})
    void anUnfinishedCopyIsShownAsSuchAndReplacedByTheNext(String scheme) throws IOException {
        TestHome killed = killedCopy(inside(scheme));
        assertThat(killed.line("twin"))
                .contains("unfinished: its making as a copy of big")
                .contains("kiobd delete twin");
        assertThat(killed.entry("twin").health().state()).isEqualTo(VolumeState.UNFINISHED);
        for (Work use : List.<Work>of(
                () -> killed.catalog().load("twin"),
                () -> killed.volumes().check("twin"),
                () -> new Scrub(killed.volumes(), "twin", new Scrub.Options(0, false), Progress.NONE).run(),
                () -> killed.volumes().resize("twin", 1 << 30))) {
            assertThatThrownBy(use::run).hasMessageContaining("volume=twin is unfinished");
        }
        killed.copy("big", "twin", "file,file,file,file");
        killed.assertHolds("twin", 7, SIZE_BYTES);
        assertThat(killed.volumes().delete("twin", false, Consent.GIVEN)).isTrue();
        assertThat(killed.folder("twin")).doesNotExist();
    }

    @ParameterizedTest
    @ValueSource(strings = {"delete", "create", "clone", "rename", "copy"})
    void whateverUsesTheNameNextRemovesIt(String change) throws IOException {
        TestHome killed = killedCopy(inside("rocksdb"));
        switch (change) {
            case "delete" ->
                assertThat(killed.volumes().delete("twin", false, manifest -> {
                            throw new AssertionError("no consent is needed for what was never whole");
                        }))
                        .isFalse();
            case "create" -> killed.create("twin", SIZE_BYTES, "file");
            case "rename" -> killed.volumes().rename("big", "twin");
            case "copy" -> killed.copy("big", "twin", "rocksdb");
            default -> {
                killed.copy("big", "db", "rocksdb");
                killed.volumes().createSnapshot("db@s");
                killed.volumes().cloneSnapshot("db@s", "twin");
            }
        }
        killed.assertTidy();
        assertThat(killed.volumes().list()).noneMatch(entry -> entry.health().state() == VolumeState.UNFINISHED);
    }

    /** The paths in the record of the copy are those of members that the original made and goes on to use. */
    @ParameterizedTest
    @ValueSource(strings = {"file", "rocksdb"})
    void aCopyOfTheHomeLeavesMembersElsewhereToTheOriginal(String scheme) throws IOException {
        TestHome killed = killedCopy(List.of(
                new MemberUri(scheme, folder.resolve("x0").toString()),
                new MemberUri(scheme, folder.resolve("x1").toString())));
        home.fill("twin", 9, SIZE_BYTES);
        assertThat(killed.line("twin")).contains("unfinished");
        assertThat(killed.volumes().delete("twin", false, Consent.GIVEN)).isFalse();
        killed.assertHolds("big", 7, SIZE_BYTES);
        home.assertHolds("twin", 9, SIZE_BYTES);
        home.assertWell("twin");
    }

    /** Also if the members are inside the home, but not in the volume's own folder. */
    @Test
    void aCopyOfTheHomeHasItsOwnMembers() throws IOException {
        Path pool = Files.createDirectory(home.path().resolve("pool"));
        home.create("v", SIZE_BYTES, List.of(MemberUri.file(pool.resolve("v.img"))));
        home.fill("v", 1, SIZE_BYTES);
        TestHome copy = home.copyTo(folder.resolve("copy"));
        copy.fill("v", 2, SIZE_BYTES);
        home.assertHolds("v", 1, SIZE_BYTES);
        copy.volumes().delete("v", false, Consent.GIVEN);
        home.assertHolds("v", 1, SIZE_BYTES);
        assertThat(copy.path().resolve("pool")).isEmptyDirectory();
    }

    @Test
    void anImportThatWasInterruptedLeavesAVolumeThatSaysSo() throws IOException {
        home.copy("big", "db", "rocksdb");
        home.volumes().createSnapshot("db@s");
        for (String name : List.of("big", "db")) {
            try (VolumeLock lock = home.catalog().lock(name)) {
                new Changes(home.catalog(), MemberStores.load()).beginImport(name, "/srv/a.img");
            }
            assertThat(home.line(name)).contains("unfinished: its import of /srv/a.img");
            for (Work use : List.<Work>of(
                    () -> home.volumes().check(name),
                    () -> new Scrub(home.volumes(), name, new Scrub.Options(0, false), Progress.NONE).run(),
                    () -> home.catalog().requireFinished(name))) {
                assertThatThrownBy(use::run).hasMessageContaining("import again");
            }
            assertThatThrownBy(() -> home.content(name)).hasMessageContaining("unfinished");
            assertThatThrownBy(() -> home.copy(name, "other", "file")).hasMessageContaining("unfinished");
        }
        home.fill("big", 3, SIZE_BYTES);
        home.assertHolds("big", 3, SIZE_BYTES);
        assertThatThrownBy(() -> home.volumes().createSnapshot("db@t")).hasMessageContaining("unfinished");
        home.volumes().rollback("db@s", Consent.GIVEN);
        home.assertHolds("db", 7, SIZE_BYTES);
        assertThat(home.volumes().list()).noneMatch(entry -> entry.health().state() == VolumeState.UNFINISHED);
    }

    @Test
    void aRollbackThatIsTakenBackDoesNotMakeAnImportWhole() throws IOException {
        Changes changes = new Changes(home.catalog(), MemberStores.load());
        try (VolumeLock lock = home.catalog().lock("big")) {
            changes.beginImport("big", "/srv/a.img");
            changes.begin(
                    "big",
                    new Change.Plan(
                            Change.Operation.ROLLBACK,
                            UUID.randomUUID(),
                            "big@s",
                            List.of(MemberUri.file(home.folder("big").resolve("new.img"))),
                            home.catalog().load("big").members()));
            assertThat(changes.recover("big")).isTrue();
        }
        assertThat(home.line("big")).contains("unfinished: its import of /srv/a.img");
    }

    @Test
    void anInterruptedDeletionIsFinishedByTheNextUseOfTheName() throws IOException {
        for (boolean again : List.of(false, true)) {
            TestHome killed = home.copyTo(folder.resolve("killed " + again));
            try (VolumeLock lock = killed.catalog().lock("big")) {
                new Changes(killed.catalog(), MemberStores.load()).beginDeletion("big");
            }
            assertThat(killed.line("big")).contains("its deletion was interrupted");
            assertThatThrownBy(() -> killed.catalog().lock("big")).hasMessageContaining("deletion was interrupted");
            if (again) {
                killed.create("big", SIZE_BYTES + 65_536, "file");
            } else {
                assertThat(killed.volumes().delete("big", false, Consent.GIVEN)).isFalse();
            }
            assertThat(killed.volumes().list())
                    .extracting(VolumeEntry::name)
                    .isEqualTo(again ? List.of("big") : List.of());
        }
    }

    @Test
    void aVolumeThatIsMissingHasNoLock() {
        assertThatThrownBy(() -> home.catalog().lock("nothing")).hasMessageContaining("does not exist");
    }
}
