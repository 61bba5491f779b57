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

    private static String text(LogRecord.Data data) {
        byte[] bytes = new byte[data.bytes().remaining()];
        data.bytes().duplicate().get(bytes);
        return data.firstPlace() + " " + Arrays.hashCode(bytes);
    }

    private static List<String> texts(LogRecord record) {
        LogRecord.Data data = record.data();
        return data != null
                ? List.of(text(data))
                : record.changes().stream()
                        .map(change -> change.firstBlock() + " " + change.count() + " " + change.firstPlace() + " "
                                + Arrays.toString(change.checksums()))
                        .toList();
    }

    /** Appends changes or data; returns them as a text. */
    private static List<String> append(MapLog log, Random random) throws IOException {
        if (random.nextInt(4) == 0) {
            byte[] bytes = new byte[4096 * (1 + random.nextInt(3))];
            random.nextBytes(bytes);
            LogRecord.Data data = new LogRecord.Data(random.nextInt(1000), ByteBuffer.wrap(bytes));
            log.write(log.append(data));
            return List.of(text(data));
        }
        List<Change> changes = someChanges(random);
        log.write(log.append(changes));
        return texts(new LogRecord(1, changes));
    }

    private static MapLogEnd end(Path log, long inTable, List<List<String>> records) throws IOException {
        return MapLogEnd.read(log, Disk.FILE_SYSTEM, inTable, (record, file, atBytes) -> records.add(texts(record)));
    }

    private static MapLog open(Path log, long inTable) throws IOException {
        return MapLog.open(log, Disk.FILE_SYSTEM, end(log, inTable, new ArrayList<>()), 4096);
    }

    private static List<Change> someChanges(Random random) {
        List<Change> changes = new ArrayList<>();
        for (int i = random.nextInt(4); i >= 0; i--) {
            changes.add(random(random));
        }
        return changes;
    }

    @Seeded(rounds = 3)
    void aTornOrDamagedLogEndsAtTheRecordBefore(Random random) throws IOException {
        Path log = Files.createDirectory(folder.resolve("log-" + random.nextInt(1 << 30)));
        List<List<String>> written = new ArrayList<>();
        List<Long> ends = new ArrayList<>();
        try (MapLog open = open(log, 41)) {
            for (int i = 0; i < 200; i++) {
                written.add(append(open, random));
                ends.add(open.bytes());
            }
            open.sync();
        }
        List<List<String>> read = new ArrayList<>();
        assertThat(end(log, 41, read).sequence()).isEqualTo(241);
        assertThat(read).isEqualTo(written);
        assertThat(end(log, 40, new ArrayList<>()).sequence())
                .as("a log that begins later")
                .isEqualTo(40);

        Path file = MapLogFile.path(log, 0);
        byte[] bytes = Files.readAllBytes(file);
        int at = MapLogFile.HEADER_BYTES + random.nextInt(bytes.length - MapLogFile.HEADER_BYTES);
        int whole = (int) ends.stream().filter(end -> end <= at).count();
        Files.write(file, Arrays.copyOf(bytes, at));
        assertThat(end(log, 41, new ArrayList<>()).sequence())
                .as("torn at %d", at)
                .isEqualTo(41 + whole);
        bytes[at] ^= (byte) (1 << random.nextInt(8));
        Files.write(file, bytes);
        assertThat(end(log, 41, new ArrayList<>()).sequence())
                .as("damaged at %d", at)
                .isEqualTo(41 + whole);
        // What comes after the damage stays in the file, and is no part of the log that goes on before it.
        List<List<String>> again = new ArrayList<>(written.subList(0, whole));
        try (MapLog open = open(log, 41)) {
            again.add(append(open, random));
        }
        read.clear();
        end(log, 41, read);
        assertThat(read).isEqualTo(again);
    }

    /** Rotates at random, and forgets what is in the database by then; what is read is always the rest. */
    @Seeded(rounds = 3)
    void aLogThatRotatesHasWhatTheDatabaseHasNot(Random random) throws IOException {
        Path log = Files.createDirectory(folder.resolve("rotating-" + random.nextInt(1 << 30)));
        List<List<String>> written = new ArrayList<>();
        long inTable = 0;
        boolean before = false;
        MapLog open = open(log, 0);
        for (int i = 0; i < 500; i++) {
            written.add(append(open, random));
            long rotatedAt = written.size();
            if (!before && random.nextInt(10) == 0) {
                assertThat(open.rotate()).isEqualTo(rotatedAt);
                before = true;
            } else if (before && random.nextInt(10) == 0) {
                inTable = rotatedAt;
                assertThat(open.rotate()).isEqualTo(rotatedAt);
                before = false;
            }
            if (random.nextInt(5) == 0) {
                List<List<String>> read = new ArrayList<>();
                MapLogEnd end = end(log, inTable, read);
                assertThat(read).as("inTable=%d", inTable).isEqualTo(written.subList((int) inTable, written.size()));
                assertThat(end.sequence()).isEqualTo(written.size());
                if (!end.needsBoth()) {
                    open.close();
                    open = MapLog.open(log, Disk.FILE_SYSTEM, end, 4096);
                }
            }
        }
        open.close();
    }

    @Test
    void recordsOfSeveralThreadsAreWrittenInTheirOrder() throws Exception {
        int threads = 4;
        int each = 2000;
        ExecutorService writers = Executors.newFixedThreadPool(threads);
        try (MapLog log = open(folder, 0)) {
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
        MapLogEnd end = MapLogEnd.read(folder, Disk.FILE_SYSTEM, 0, (record, file, atBytes) -> {
            Change change = record.changes().get(0);
            assertThat(change.firstPlace()).isEqualTo(next[(int) change.firstBlock()]++);
        });
        assertThat(end.sequence()).isEqualTo((long) threads * each);
    }

    @Test
    void aGroupOfBlocksIsEncodedAndDecoded() {
        BlockGroup group = new BlockGroup();
        assertThat(group.encode()).isEmpty();
        group.set(0, 0, -1);
        group.set(7, (1L << 40) - 1, 5);
        group.set(15, 1L << 32, 0);
        BlockGroup again = BlockGroup.decode(group.encode());
        for (int i = 0; i < BlockGroup.BLOCKS; i++) {
            assertThat(again.place(i)).isEqualTo(group.place(i));
            assertThat(again.checksum(i)).isEqualTo(group.checksum(i));
        }
        assertThat(again.isEmpty()).isFalse();
    }
}
