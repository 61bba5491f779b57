package org.kiobd.manage;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.kiobd.store.MemberStores;
import org.kiobd.volume.BlockIoException;

/**
 * A copy of the home is taken before and after every operation on a member while a volume changes: what a kill at that moment would have left.
 * Each copy has the old state or the new one, other volumes are unharmed, and the change can be made again.
 */
@Timeout(300)
final class CrashCopiesTest {
    private static final int SIZE_BYTES = 256 << 10;

    @TempDir
    private Path folder;

    /** Changes of volume {@code v}, which holds 2, and whose snapshot {@code v@one} holds 1. */
    enum Work {
        CREATE("w", 0) {
            @Override
            void run(TestHome home) throws IOException {
                home.create("w", SIZE_BYTES, "file,rocksdb,file");
            }
        },
        COPY("w", 2) {
            @Override
            void run(TestHome home) throws IOException {
                home.copy("v", "w", "file,rocksdb");
            }
        },
        CLONE("w", 1) {
            @Override
            void run(TestHome home) throws IOException {
                home.volumes().cloneSnapshot("v@one", "w");
            }
        },
        SNAPSHOT("v@two", 2) {
            @Override
            void run(TestHome home) throws IOException {
                home.volumes().createSnapshot("v@two");
            }
        },
        DELETE_SNAPSHOT("", 0) {
            @Override
            void run(TestHome home) throws IOException {
                home.volumes().deleteSnapshot("v@one");
            }
        },
        DELETE("", 0) {
            @Override
            void run(TestHome home) throws IOException {
                home.volumes().delete("v", true, Consent.GIVEN);
            }
        },
        ROLLBACK("v", 1) {
            @Override
            void run(TestHome home) throws IOException {
                home.volumes().rollback("v@one", Consent.GIVEN);
            }
        },
        RENAME("w", 2) {
            @Override
            void run(TestHome home) throws IOException {
                home.volumes().rename("v", "w");
            }
        },
        RESIZE("v", 2) {
            @Override
            void run(TestHome home) throws IOException {
                home.volumes().resize("v", 2 * SIZE_BYTES);
            }
        },
        IMPORT("v", 3) {
            @Override
            void run(TestHome home) throws IOException {
                home.fill("v", 3, SIZE_BYTES);
            }
        };

        private final String result;
        private final int value;

        /**
         * @param result volume or snapshot that the change makes or refills; empty if there is none
         * @param value what it holds then
         */
        Work(String result, int value) {
            this.result = result;
            this.value = value;
        }

        abstract void run(TestHome home) throws IOException;
    }

    @ParameterizedTest
    @EnumSource(Work.class)
    void aKillAtAnyMomentLeavesTheOldStateOrTheNew(Work work) throws IOException {
        TestHome home = new TestHome(folder.resolve("home"));
        home.create("v", SIZE_BYTES, "rocksdb,rocksdb");
        home.fill("v", 1, SIZE_BYTES);
        home.volumes().createSnapshot("v@one");
        home.fill("v", 2, SIZE_BYTES);
        home.create("other", SIZE_BYTES, "file,rocksdb");
        home.fill("other", 9, SIZE_BYTES);
        List<TestHome> copies = new ArrayList<>();
        Path place = Files.createDirectory(folder.resolve("copies"));
        Runnable copy = () -> copies.add(home.copyTo(place.resolve("copy-" + copies.size())));
        try (MemberStores stores = TappedStores.of(copy)) {
            work.run(new TestHome(home.path(), stores));
        }
        assertThat(copies.size()).as("moments").isGreaterThan(2);
        Set<String> done = names(home);
        for (TestHome killed : copies) {
            assertOldOrNew(killed, work);
            again(killed, work);
            killed.assertTidy();
            assertThat(names(killed)).as("%s", killed.path()).isEqualTo(done);
            if (!work.result.isEmpty()) {
                killed.assertHolds(work.result, work.value, work.value == 0 ? 0 : SIZE_BYTES);
                killed.assertWell(work.result);
            }
            killed.assertHolds("other", 9, SIZE_BYTES);
        }
    }

    private static Set<String> names(TestHome home) throws BlockIoException {
        List<String> names = new ArrayList<>();
        home.volumes().list().forEach(entry -> names.add(entry.name()));
        home.volumes().listSnapshots(null).forEach(entry -> names.add(entry.name()));
        return Set.copyOf(names);
    }

    private static void assertOldOrNew(TestHome copy, Work work) throws IOException {
        List<VolumeEntry> entries = new ArrayList<>(copy.volumes().list());
        entries.addAll(copy.volumes().listSnapshots(null));
        for (VolumeEntry entry : entries) {
            String name = entry.name();
            assertThat(entry.health().state())
                    .as("%s %s", copy.path(), entry)
                    .isIn(VolumeState.IDLE, VolumeState.UNFINISHED);
            if (entry.health().state() != VolumeState.IDLE) {
                assertThat(entry.health().reason()).as("%s", entry).containsAnyOf("interrupted", "import again");
                continue;
            }
            byte[] content = copy.content(name);
            int old = name.equals("other") ? 9 : name.endsWith("@one") ? 1 : name.equals("v") ? 2 : -1;
            int now = content[0];
            assertThat(now).as("%s %s", copy.path(), entry).isIn(old, work.value);
            for (int i = 0; i < SIZE_BYTES; i++) {
                if (content[i] != now) {
                    throw new AssertionError(copy.path() + " " + name + " is mixed at offset=" + i);
                }
            }
        }
        copy.assertHolds("other", 9, SIZE_BYTES);
    }

    /** Makes the change again: it works, or is refused because it was complete. */
    private static void again(TestHome copy, Work work) throws IOException {
        try {
            work.run(copy);
        } catch (BlockIoException e) {
            assertThat(e.getMessage())
                    .as("%s", copy.path())
                    .containsAnyOf("exists already", "does not exist", "only grows");
        }
    }
}
