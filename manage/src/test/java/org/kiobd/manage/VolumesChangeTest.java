package org.kiobd.manage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kiobd.manage.catalog.VolumeLock;
import org.kiobd.raid.ArraySpec;
import org.kiobd.raid.Finding;
import org.kiobd.store.MemberUri;
import org.kiobd.store.format.VolumeManifest;
import org.kiobd.volume.BlockIoException;

/** Making, renaming, growing, checking, assembling and deleting volumes. */
final class VolumesChangeTest {
    private static final int SIZE_BYTES = 1 << 20;

    @TempDir
    private Path folder;

    private TestHome home;

    @BeforeEach
    void makeHome() {
        home = new TestHome(folder.resolve("home"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"file,file,file", "rocksdb,rocksdb", "file,rocksdb,memory", "memory"})
    void aVolumeHasALife(String stores) throws IOException {
        VolumeManifest made = home.create("v", SIZE_BYTES, stores);
        assertThat(made.sizeBytes()).isEqualTo(SIZE_BYTES);
        assertThat(made.members()).hasSize(stores.split(",").length);
        assertThat(home.entry("v").manifest()).isEqualTo(made);
        assertThat(home.entry("v").health()).isEqualTo(new Health(VolumeState.IDLE, null, "idle"));
        home.fill("v", 5, SIZE_BYTES);
        assertThat(home.entry("v").usedBytes()).isPositive();
        assertThat(home.volumes().resize("v", 2 * SIZE_BYTES).sizeBytes()).isEqualTo(2 * SIZE_BYTES);
        home.assertHolds("v", 5, SIZE_BYTES);
        VolumeManifest renamed = home.volumes().rename("v", "w");
        assertThat(renamed.name()).isEqualTo("w");
        assertThat(renamed.uuid()).isEqualTo(made.uuid());
        home.assertHolds("w", 5, SIZE_BYTES);
        home.assertWell("w");
        home.assertTidy();
        assertThat(home.volumes().delete("w", false, Consent.GIVEN)).isTrue();
        assertThat(home.volumes().list()).isEmpty();
        assertThat(home.path().resolve("volumes")).isEmptyDirectory();
    }

    @Test
    void aTakenNameIsRefusedAndItsVolumeStays() throws IOException {
        home.create("v", SIZE_BYTES, "file");
        home.create("other", SIZE_BYTES, "file");
        Map<String, String> before = TestHome.contents(home.path());
        assertThatThrownBy(() -> home.create("v", 2 * SIZE_BYTES, "file"))
                .hasMessage("volume=v exists already; it was not touched; choose another name");
        assertThatThrownBy(() -> home.volumes().rename("v", "other"))
                .hasMessageContaining("volume=other exists already")
                .hasMessageContaining("choose another name");
        assertThatThrownBy(() -> home.volumes().resize("v", SIZE_BYTES))
                .hasMessageContaining("volume=v")
                .hasMessageContaining("only grows");
        home.assertWell("v");
        home.assertWell("other");
        assertThat(TestHome.contents(home.path())).containsOnlyKeys(before.keySet());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "", ".", "..", "a/b", "-a", "a b", "a\n", "ä", "a\u0000", "$(x)", "*", "\u202Ea", "a'b", "~", "a\\b"
            })
    void aNameThatIsNoneIsRefusedByEveryChange(String name) throws IOException {
        home.create("v", SIZE_BYTES, "file");
        Map<String, String> before = TestHome.contents(folder);
        for (BlockIoException refusal : List.of(
                refusal(() -> home.create(name, SIZE_BYTES, "file")),
                refusal(() -> home.copy("v", name, "file")),
                refusal(() -> home.volumes().delete(name, true, Consent.GIVEN)),
                refusal(() -> home.volumes().rename(name, "w")),
                refusal(() -> home.volumes().rename("v", name)),
                refusal(() -> home.volumes().resize(name, SIZE_BYTES)),
                refusal(() -> home.volumes().check(name)),
                refusal(() -> home.content(name)))) {
            assertThat(refusal).hasMessageContaining("volume=" + name + " is not a volume name");
        }
        for (BlockIoException refusal : List.of(
                refusal(() -> home.volumes().createSnapshot("v@" + name)),
                refusal(() -> home.volumes().deleteSnapshot("v@" + name)),
                refusal(() -> home.volumes().rollback("v@" + name, Consent.GIVEN)),
                refusal(() -> home.volumes().cloneSnapshot("v@" + name, "w")))) {
            assertThat(refusal).hasMessageContaining("snapshot=v@" + name + " is not a snapshot name");
        }
        assertThat(TestHome.contents(folder)).isEqualTo(before);
    }

    /** A change that is refused. */
    @FunctionalInterface
    private interface Change {
        void run() throws IOException;
    }

    private static BlockIoException refusal(Change change) {
        try {
            change.run();
        } catch (BlockIoException e) {
            return e;
        } catch (IOException e) {
            throw new AssertionError("not a BlockIoException", e);
        }
        throw new AssertionError("was not refused");
    }

    @Test
    void namesWithEveryAllowedCharacterWork() throws IOException {
        for (String name :
                List.of("A", "0", "a.b", "a-b_c", "a..b", "x".repeat(127), "lock", "manifest.json", "snapshots")) {
            home.create(name, SIZE_BYTES, "file");
            home.assertWell(name);
            assertThat(home.volumes().delete(name, false, Consent.GIVEN)).isTrue();
        }
        assertThat(home.volumes().list()).isEmpty();
    }

    @Test
    void placesWithOddCharactersWork() throws IOException {
        Path odd = Files.createDirectory(folder.resolve("a b?c#d%20é'\"@~"));
        List<MemberUri> places = List.of(
                new MemberUri("file", odd.resolve("m 0;*.img").toString()),
                new MemberUri("file", odd.resolve("m%1.img").toString()));
        home.create("v", SIZE_BYTES, places);
        home.fill("v", 9, SIZE_BYTES);
        home.assertHolds("v", 9, SIZE_BYTES);
        Files.delete(home.folder("v").resolve("manifest.json"));
        assertThat(home.volumes()
                        .assemble(List.of(places.get(1), places.get(0)))
                        .members())
                .isEqualTo(places);
        home.assertHolds("v", 9, SIZE_BYTES);
        home.volumes().delete("v", false, Consent.GIVEN);
        assertThat(odd).isEmptyDirectory();
    }

    @Test
    void aFailedCreationLeavesNothing() throws IOException {
        Path taken = Files.writeString(folder.resolve("taken.img"), "precious");
        List<MemberUri> places = List.of(MemberUri.file(folder.resolve("new.img")), MemberUri.file(taken));
        assertThatThrownBy(() -> home.create("v", SIZE_BYTES, places))
                .hasMessage("member=file:" + taken + " exists already; it was not touched; choose another place");
        assertThatThrownBy(() -> home.create("v", SIZE_BYTES, List.of(MemberUri.parse("tape:/dev/st0"))))
                .hasMessageContaining("no store for scheme=tape; known schemes: file, memory, ");
        for (ArraySpec spec : List.of(
                new ArraySpec("v", 0, 65_536, places.subList(0, 1)),
                new ArraySpec("v", SIZE_BYTES, 1000, places.subList(0, 1)),
                new ArraySpec("v", SIZE_BYTES, 65_536, List.of()),
                new ArraySpec("v", Long.MAX_VALUE, 65_536, places.subList(0, 1)))) {
            assertThatThrownBy(() -> home.volumes().create("v", place -> spec))
                    .hasMessageMatching("(size|chunk|members)=.*");
        }
        assertThatThrownBy(() -> home.volumes().create("v", place -> {
                    throw new Refused();
                }))
                .isInstanceOf(Refused.class);
        assertThat(taken).hasContent("precious");
        assertThat(folder.resolve("new.img")).doesNotExist();
        assertThat(home.path().resolve("volumes")).isEmptyDirectory();
    }

    /** The temporary place of a member means nothing to people. */
    @Test
    void aChunkSmallerThanABlockIsRefusedInWordsOfThePlace() {
        assertThatThrownBy(() -> home.volumes()
                        .create(
                                "v",
                                place -> new ArraySpec(
                                        "v",
                                        SIZE_BYTES,
                                        4096,
                                        List.of(new MemberUri("rocksdb", place.resolve("m") + "?block=64K")))))
                .hasMessage("chunk=4096 is not a multiple of block=65536 of member=rocksdb:"
                        + home.path().resolve("volumes/v/m")
                        + "; nothing was made; choose a larger chunk or a smaller block");
        assertThat(home.path().resolve("volumes")).isEmptyDirectory();
    }

    /** Thrown by a caller that does not want a change after all. */
    private static final class Refused extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }

    @Test
    void withoutConsentNothingIsDeleted() throws IOException {
        VolumeManifest made = home.create("v", SIZE_BYTES, "file,file");
        home.fill("v", 3, SIZE_BYTES);
        assertThatThrownBy(() -> home.volumes().delete("v", false, manifest -> {
                    assertThat(manifest).isEqualTo(made);
                    throw new Refused();
                }))
                .isInstanceOf(Refused.class);
        home.assertHolds("v", 3, SIZE_BYTES);
        home.assertWell("v");
    }

    @Test
    void whatIsLockedIsLeftAlone() throws IOException {
        home.create("v", SIZE_BYTES, "file");
        try (VolumeLock lock = home.catalog().lock("v")) {
            for (Change change : List.<Change>of(
                    () -> home.volumes().delete("v", false, Consent.GIVEN),
                    () -> home.volumes().rename("v", "w"),
                    () -> home.volumes().resize("v", 2 * SIZE_BYTES),
                    () -> home.volumes().check("v"),
                    () -> home.fill("v", 1, SIZE_BYTES),
                    () -> home.content("v"))) {
                assertThat(refusal(change))
                        .hasMessage(
                                "volume=v is in use by another kiobd; it was not touched; wait until that one is done");
            }
        }
        home.assertWell("v");
    }

    @Test
    void checkSaysWhichMemberIsDamagedAndTheListSaysSo() throws IOException {
        home.create("v", SIZE_BYTES, "file,file");
        home.create("w", SIZE_BYTES, "file");
        Path member = home.folder("v").resolve("member-1.img");
        Files.write(member, new byte[8192]);
        CheckReport report = home.volumes().check("v");
        assertThat(report.members()).isEqualTo(2);
        assertThat(report.isDamaged()).isTrue();
        assertThat(report.findings()).extracting(Finding::member).containsOnly(1);
        assertThatThrownBy(() -> home.content("v")).hasMessageContaining("volume=v member=1 (file:" + member + "):");
        Files.delete(member);
        assertThat(home.volumes().check("v").findings())
                .extracting(Finding::text)
                .anyMatch(text -> text.contains("member-1.img"));
        assertThat(home.entry("v").health().state()).isEqualTo(VolumeState.DAMAGED);
        assertThat(home.line("v")).contains("kiobd check v").contains("member=file:" + member);
        assertThat(home.line("w")).isEqualTo("idle");
    }

    @Test
    void aDamagedManifestIsNamedAndAssembleRebuildsIt() throws IOException {
        home.create("v", SIZE_BYTES, "file,rocksdb");
        home.fill("v", 8, SIZE_BYTES);
        List<MemberUri> members = home.catalog().load("v").members();
        Files.writeString(home.folder("v").resolve("manifest.json"), "{");
        assertThatThrownBy(() -> home.content("v"))
                .hasMessageContaining("volume=v: its manifest ")
                .hasMessageContaining(
                        "is damaged (it is not JSON); its data is unharmed; rebuild it with kiobd assemble");
        assertThat(home.volumes().check("v").isDamaged()).isTrue();
        assertThat(home.line("v")).startsWith("damaged");
        assertThatThrownBy(() -> home.volumes().assemble(members.subList(0, 1)))
                .hasMessageContaining("member 1 was not named");
        assertThatThrownBy(() -> home.volumes().assemble(List.of())).hasMessageContaining("name all members");
        home.volumes().assemble(List.of(members.get(1), members.get(0)));
        home.assertHolds("v", 8, SIZE_BYTES);
        home.assertWell("v");
    }
}
