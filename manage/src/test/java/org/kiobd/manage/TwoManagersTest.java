package org.kiobd.manage;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.kiobd.volume.BlockIoException;

/** Two managers of one home, each on its own thread: of two changes of one volume one is refused, or both happen one after the other. */
@Timeout(120)
final class TwoManagersTest {
    private static final int SIZE_BYTES = 1 << 20;
    private static final int ROUNDS = 12;

    @TempDir
    private Path folder;

    /** A change that may be refused. */
    @FunctionalInterface
    private interface Change {
        void run(TestHome home) throws IOException;
    }

    /** Runs both changes at the same time; returns the messages of those that were refused. */
    private static List<String> race(Path path, Change first, Change second) throws Exception {
        CyclicBarrier start = new CyclicBarrier(2);
        ExecutorService threads = Executors.newFixedThreadPool(2);
        try {
            List<Future<String>> results = new ArrayList<>();
            for (Change change : List.of(first, second)) {
                results.add(threads.submit((Callable<String>) () -> {
                    TestHome home = new TestHome(path);
                    start.await();
                    try {
                        change.run(home);
                        return "";
                    } catch (BlockIoException e) {
                        return String.valueOf(e.getMessage());
                    }
                }));
            }
            List<String> refusals = new ArrayList<>();
            for (Future<String> result : results) {
                String refusal = result.get(60, TimeUnit.SECONDS);
                if (!refusal.isEmpty()) {
                    refusals.add(refusal);
                }
            }
            return refusals;
        } finally {
            threads.shutdownNow();
        }
    }

    @Test
    void ofTwoCreationsOneSucceeds() throws Exception {
        for (int round = 0; round < ROUNDS; round++) {
            Path path = folder.resolve("home-" + round);
            List<String> refusals = race(
                    path,
                    home -> home.create("v", SIZE_BYTES, "file"),
                    home -> home.create("v", SIZE_BYTES, "rocksdb"));
            assertThat(refusals)
                    .singleElement()
                    .asString()
                    .contains("volume=v")
                    .containsAnyOf("in use", "exists already");
            TestHome home = new TestHome(path);
            home.assertWell("v");
            home.assertTidy();
        }
    }

    @Test
    void aDeletionAndAnotherChangeLeaveAWholeVolumeOrNone() throws Exception {
        List<Change> others = List.of(
                home -> home.fill("v", 1, SIZE_BYTES),
                home -> home.volumes().rename("v", "w"),
                home -> home.volumes().resize("v", 2 * SIZE_BYTES),
                home -> home.volumes().createSnapshot("v@s"),
                home -> home.copy("v", "w", "file"),
                home -> home.volumes().delete("v", true, Consent.GIVEN));
        for (int round = 0; round < ROUNDS; round++) {
            Path path = folder.resolve("home-" + round);
            TestHome home = new TestHome(path);
            home.create("v", SIZE_BYTES, "rocksdb");
            List<String> refusals = race(
                    path, each -> each.volumes().delete("v", true, Consent.GIVEN), others.get(round % others.size()));
            assertThat(refusals)
                    .allSatisfy(refusal -> assertThat(refusal)
                            .containsAnyOf("in use", "does not exist", "is unfinished", "has snapshots"));
            assertThat(refusals.size()).as("%s", refusals).isLessThan(2);
            for (VolumeEntry entry : home.volumes().list()) {
                assertThat(entry.health().state()).as("%s", entry).isEqualTo(VolumeState.IDLE);
                home.assertWell(entry.name());
            }
            home.assertTidy();
        }
    }

    @Test
    void readersAndWritersKeepApart() throws Exception {
        TestHome home = new TestHome(folder.resolve("home"));
        home.create("v", SIZE_BYTES, "file,file");
        home.fill("v", 1, SIZE_BYTES);
        for (int round = 0; round < ROUNDS; round++) {
            int value = round + 2;
            List<byte[]> read = new ArrayList<>();
            List<String> refusals =
                    race(home.path(), each -> read.add(each.content("v")), each -> each.fill("v", value, SIZE_BYTES));
            assertThat(refusals).allSatisfy(refusal -> assertThat(refusal).contains("in use"));
            assertThat(refusals.size()).isLessThan(2);
            for (byte[] content : read) {
                assertThat(content).containsOnly(content[0]);
            }
        }
        home.assertWell("v");
    }
}
