package org.kiobd.store.rocksdb.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kiobd.store.rocksdb.data.LogRecord.Change;
import org.kiobd.volume.testkit.Seeded;

/** What was written to the log is read again, up to the first record that is damaged. */
final class MapLogTest {
    @TempDir
    private Path folder;

    private static Change random(Random random) {
        long block = random.nextLong() >>> 20;
        int count = 1 + random.nextInt(40);
        return random.nextInt(5) == 0
                ? Change.clear(block, count)
                : new Change(
                        block,
                        count,
                        random.nextLong() >>> 24,
                        random.ints(count).toArray());
    }

    private static List<String> texts(List<Change> changes) {
        return changes.stream()
                .map(change -> change.firstBlock() + " " + change.count() + " " + change.firstPlace() + " "
                        + Arrays.toString(change.checksums()))
                .toList();
    }

    @Seeded(rounds = 3)
    void aTornOrDamagedLogEndsAtTheRecordBefore(Random random) throws IOException {
        Path path = folder.resolve("log-" + random.nextInt(1 << 30));
        List<List<String>> written = new ArrayList<>();
        List<Long> ends = new ArrayList<>();
        try (MapLog log = MapLog.create(path, 41)) {
            for (int i = 0; i < 200; i++) {
                List<Change> changes = new ArrayList<>();
                for (int j = random.nextInt(4); j >= 0; j--) {
                    changes.add(random(random));
                }
                log.write(log.append(changes));
                written.add(texts(changes));
                ends.add(log.bytes());
            }
            assertThat(log.sync()).isEqualTo(241);
        }
        List<List<String>> read = new ArrayList<>();
        assertThat(MapLog.read(path, 41, record -> read.add(texts(record.changes()))))
                .isEqualTo(241);
        assertThat(read).isEqualTo(written);
        assertThat(MapLog.read(path, 40, record -> {})).as("another log before").isEqualTo(40);

        byte[] bytes = Files.readAllBytes(path);
        int at = random.nextInt(bytes.length);
        int whole = (int) ends.stream().filter(end -> end <= at).count();
        Files.write(path, Arrays.copyOf(bytes, at));
        assertThat(MapLog.read(path, 41, record -> {})).as("torn at %d", at).isEqualTo(41 + whole);
        bytes[at] ^= (byte) (1 << random.nextInt(8));
        Files.write(path, bytes);
        assertThat(MapLog.read(path, 41, record -> {})).as("damaged at %d", at).isEqualTo(41 + whole);
    }

    @Test
    void recordsOfSeveralThreadsAreWrittenInTheirOrder() throws Exception {
        Path path = folder.resolve("log");
        int threads = 4;
        int each = 2000;
        ExecutorService writers = Executors.newFixedThreadPool(threads);
        try (MapLog log = MapLog.create(path, 0)) {
            CountDownLatch start = new CountDownLatch(1);
            List<Future<?>> ends = new ArrayList<>();
            for (int thread = 0; thread < threads; thread++) {
                long block = thread;
                ends.add(writers.submit(() -> {
                    start.await();
                    for (int i = 0; i < each; i++) {
                        log.write(log.append(List.of(new Change(block, 1, i, new int[] {i}))));
                    }
                    return null;
                }));
            }
            start.countDown();
            for (Future<?> end : ends) {
                end.get();
            }
        } finally {
            writers.shutdown();
        }
        long[] next = new long[threads];
        assertThat(MapLog.read(path, 0, record -> {
                    Change change = record.changes().get(0);
                    assertThat(change.firstPlace()).isEqualTo(next[(int) change.firstBlock()]++);
                }))
                .isEqualTo((long) threads * each);
    }

    @Test
    void aGroupOfBlocksIsEncodedAndDecoded() {
        BlockGroup group = new BlockGroup();
        group.set(0, 0, -1);
        group.set(7, (1L << 40) - 1, 5);
        group.set(15, 1L << 32, 0);
        ByteBuffer bytes = ByteBuffer.allocate(BlockGroup.mostBytes());
        group.encode(bytes);
        BlockGroup again = BlockGroup.decode(bytes.flip());
        for (int i = 0; i < BlockGroup.BLOCKS; i++) {
            assertThat(again.place(i)).isEqualTo(group.place(i));
            assertThat(again.checksum(i)).isEqualTo(group.checksum(i));
        }
        assertThat(again.isEmpty()).isFalse();
    }
}
