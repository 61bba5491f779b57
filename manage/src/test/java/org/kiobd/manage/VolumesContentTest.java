package org.kiobd.manage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kiobd.manage.image.VolumeCopy;
import org.kiobd.manage.image.VolumeCopy.Copied;
import org.kiobd.raid.ArraySpec;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;

/** Filling volumes from images and from other volumes, and reading them. */
final class VolumesContentTest {
    private static final int SIZE_BYTES = 3 << 20;
    private static final long SEED = 20261129;

    @TempDir
    private Path folder;

    private TestHome home;

    @BeforeEach
    void makeVolume() throws IOException {
        home = new TestHome(folder.resolve("home"));
        home.create("v", SIZE_BYTES, "file,rocksdb,file");
    }

    /** Remembers what was reported. */
    private static final class Reports implements Progress {
        private final List<String> stages = new ArrayList<>();
        private final List<Long> sums = new ArrayList<>();
        private int open;

        @Override
        public Stage begin(String task, long totalBytes) {
            stages.add(task + " " + totalBytes);
            sums.add(0L);
            open++;
            return new Stage() {
                @Override
                public void accept(long bytes) {
                    assertThat(bytes).isNotNegative();
                    sums.set(sums.size() - 1, sums.get(sums.size() - 1) + bytes);
                }

                @Override
                public void close() {
                    open--;
                }
            };
        }
    }

    private static byte[] random() {
        byte[] bytes = new byte[SIZE_BYTES];
        new Random(SEED).nextBytes(bytes);
        // One part without data.
        Arrays.fill(bytes, 1 << 20, 2 << 20, (byte) 0);
        return bytes;
    }

    @ParameterizedTest
    @ValueSource(strings = {"file", "rocksdb,rocksdb", "memory,file"})
    void aCopyHasTheSameContentWhateverItsMembers(String stores) throws IOException {
        byte[] content = random();
        home.fill("v", content);
        home.copy("v", "w", stores);
        assertThat(home.content("w")).isEqualTo(content);
        home.fill("v", 1, SIZE_BYTES);
        assertThat(home.content("w")).isEqualTo(content);
        home.assertWell("w");
        home.assertTidy();
    }

    @Test
    void progressIsReportedStageByStageUpToTheWhole() throws IOException {
        home.fill("v", random());
        Reports reports = new Reports();
        List<Copied> copied = new ArrayList<>();
        try (VolumeCopy copy = new VolumeCopy("copied", reports);
                VolumeSource source = home.volumes().read("v")) {
            assertThat(source.name()).isEqualTo("v");
            home.volumes()
                    .copy(
                            source,
                            "w",
                            place -> new ArraySpec("w", SIZE_BYTES, 65_536, TestHome.places(place, "w", "file")),
                            (from, to) -> copied.add(copy.copy(from, to, true, true)));
        }
        assertThat(reports.stages).containsExactly("copied " + SIZE_BYTES, "verified " + SIZE_BYTES);
        assertThat(reports.sums).containsExactly((long) SIZE_BYTES, (long) SIZE_BYTES);
        assertThat(reports.open).isZero();
        assertThat(copied).singleElement().satisfies(one -> {
            assertThat(one.sizeBytes()).isEqualTo(SIZE_BYTES);
            assertThat(one.dataBytes()).isBetween(2L << 20, (long) SIZE_BYTES);
            assertThat(one.verified()).isTrue();
        });
    }

    @Test
    void aCopyThatFailsIsUndoneAndItsSourceStays() throws IOException {
        home.fill("v", 6, SIZE_BYTES);
        try (VolumeSource source = home.volumes().read("v")) {
            assertThatThrownBy(() -> home.volumes()
                            .copy(
                                    source,
                                    "w",
                                    place -> new ArraySpec(
                                            "w", SIZE_BYTES, 65_536, TestHome.places(place, "w", "file,rocksdb")),
                                    (from, to) -> {
                                        throw new BlockIoException(IoError.NO_SPACE, "the disk is full");
                                    }))
                    .hasMessage("the disk is full")
                    .satisfies(failure -> assertThat(failure.getSuppressed()).isEmpty());
        }
        assertThat(home.folder("w")).doesNotExist();
        home.assertTidy();
        home.assertHolds("v", 6, SIZE_BYTES);
    }

    @Test
    void aSmallerImageIsFollowedByZeros() throws IOException {
        home.fill("v", 6, SIZE_BYTES);
        home.fill("v", 7, 1 << 20);
        home.assertHolds("v", 7, 1 << 20);
    }

    @Test
    void anImageThatDoesNotFitIsRefusedBeforeAnythingIsWritten() throws IOException {
        home.fill("v", 6, SIZE_BYTES);
        Path large = Files.write(folder.resolve("large"), new byte[SIZE_BYTES + 4096]);
        Path empty = Files.createFile(folder.resolve("empty"));
        assertThatThrownBy(() -> home.volumes().importImage(large, "v", (from, to) -> {}))
                .hasMessage(large + " has size=" + (SIZE_BYTES + 4096) + ", volume=v only size=" + SIZE_BYTES
                        + "; nothing was written; kiobd resize makes it larger");
        assertThatThrownBy(() -> home.volumes().importImage(empty, "v", (from, to) -> {}))
                .hasMessage(empty + " is empty; nothing was written, and volume=v is as it was; name an image");
        assertThatThrownBy(() -> home.volumes().importImage(folder.resolve("none"), "v", (from, to) -> {}))
                .hasMessageContaining(folder.resolve("none") + " does not exist");
        home.assertHolds("v", 6, SIZE_BYTES);
        assertThat(home.line("v")).isEqualTo("idle");
    }

    @Test
    void anImportThatFailsLeavesAnUnfinishedVolumeUntilTheNext() throws IOException {
        Path image = Files.write(folder.resolve("image"), new byte[4096]);
        assertThatThrownBy(() -> home.volumes().importImage(image, "v", (from, to) -> {
                    throw new BlockIoException(IoError.IO, "the cable is loose");
                }))
                .hasMessage("the cable is loose; volume=v holds only a part of it now and is unfinished: import again,"
                        + " or roll it back to a snapshot");
        assertThat(home.entry("v").health().state()).isEqualTo(VolumeState.UNFINISHED);
        assertThat(home.line("v")).contains("its import of " + image).contains("import again");
        for (Reading reading : List.<Reading>of(
                () -> home.content("v"),
                () -> home.volumes().check("v"),
                () -> home.copy("v", "w", "file"),
                () -> home.volumes().createSnapshot("v@s"))) {
            assertThatThrownBy(reading::run)
                    .isInstanceOf(BlockIoException.class)
                    .hasMessageContaining("volume=v is unfinished: its import of " + image);
        }
        home.fill("v", 3, SIZE_BYTES);
        home.assertHolds("v", 3, SIZE_BYTES);
        assertThat(home.line("v")).isEqualTo("idle");
    }

    /** Use of a volume that is refused. */
    @FunctionalInterface
    private interface Reading {
        void run() throws IOException;
    }
}
