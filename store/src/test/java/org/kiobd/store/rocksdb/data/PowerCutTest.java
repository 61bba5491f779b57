package org.kiobd.store.rocksdb.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.LongAdder;
import org.junit.jupiter.api.extension.ExtendWith;
import org.kiobd.store.MemberOp;
import org.kiobd.store.StoreSubject;
import org.kiobd.store.ThreadedPort;
import org.kiobd.volume.kiobuf.Op;
import org.kiobd.volume.testkit.LeakCheck;
import org.kiobd.volume.testkit.ManualLoop;
import org.kiobd.volume.testkit.Seeded;
import org.kiobd.volume.testkit.TestRequest;

/**
 * Random mutations, syncs and checkpoints, between them kills and power cuts on a {@link SimulatedDisk}. After a kill each block has what was
 * written last; after a power cut what was written last before the last sync, or something written after it.
 */
@ExtendWith(LeakCheck.class)
class PowerCutTest {
    private static final int BLOCK_BYTES = 4096;
    private static final int BLOCKS = 64;
    /** Few, so that different blocks, and one block at different times, have the same content. */
    private static final int CONTENTS = 6;

    private static final Path FOLDER = Path.of("/simulated");

    private final ManualLoop loop = new ManualLoop();
    private final SimulatedDisk disk = new SimulatedDisk();
    private final int[] now = new int[BLOCKS];
    private final Set<Integer>[] allowed = newSets();
    private long mark;

    @SuppressWarnings({"unchecked", "rawtypes"})
    private static Set<Integer>[] newSets() {
        Set<Integer>[] sets = new Set[BLOCKS];
        for (int i = 0; i < BLOCKS; i++) {
            sets[i] = new HashSet<>(Set.of(0));
        }
        return sets;
    }

    /** Content 0 is zeros. */
    private static byte[] content(int id) {
        byte[] bytes = new byte[BLOCK_BYTES];
        if (id > 0) {
            new Random(id).nextBytes(bytes);
        }
        return bytes;
    }

    /** The power may fail again while the member is opened. */
    private void openAndCutPower(SimulatedDisk.Table table, Random random) {
        disk.failAfter(random.nextInt(8));
        try (DataBlocks blocks = DataBlocks.open(setup(table, false), disk)) {
            blocks.stop(60);
        } catch (IOException e) {
            assertThat(e).hasMessage(SimulatedDisk.CUT);
        }
        disk.failAfter(Integer.MAX_VALUE);
        disk.cutPower(random);
    }

    private DataBlocks.Setup setup(SimulatedDisk.Table table, boolean readOnly) {
        return new DataBlocks.Setup(
                FOLDER, BLOCK_BYTES, readOnly, table, mark, sequence -> mark = sequence, new LongAdder());
    }

    /** Reads all without writing; the opening for writing that follows must find the same. */
    private void lookReadOnly(SimulatedDisk.Table table, Random random) throws IOException {
        if (random.nextBoolean()) {
            try (DataBlocks blocks = DataBlocks.open(setup(table, true), disk)) {
                readAll(blocks, random);
                onlyNowIsAllowed();
            }
        }
    }

    private DataBlocks open(SimulatedDisk.Table table) throws IOException {
        DataBlocks blocks = DataBlocks.open(setup(table, false), disk);
        blocks.prepare(() -> {
            try {
                blocks.sync();
                return 0;
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        });
        return blocks;
    }

    private static MemberOp op(TestRequest request) {
        return StoreSubject.opOf(request.kiobuf(), ended -> {});
    }

    private void end(MemberOp op, TestRequest request) {
        op.complete(0, null);
        op.endSlices();
        request.kiobuf().submitted();
        loop.runAll();
    }

    private void wrote(int block, int content) {
        now[block] = content;
        allowed[block].add(content);
    }

    private void write(DataBlocks blocks, Random random) throws IOException {
        int first = random.nextInt(BLOCKS);
        int count = 1 + random.nextInt(Math.min(12, BLOCKS - first));
        if (random.nextInt(5) == 0) {
            // Another client's FLUSH, after the data were written and before the record is.
            disk.afterWrite(blocks::sync);
        }
        write(blocks, first, random.ints(count, 0, CONTENTS).toArray(), random);
    }

    private void write(DataBlocks blocks, int first, int[] contents, Random random) throws IOException {
        byte[] data = new byte[contents.length * BLOCK_BYTES];
        for (int i = 0; i < contents.length; i++) {
            System.arraycopy(content(contents[i]), 0, data, i * BLOCK_BYTES, BLOCK_BYTES);
            wrote(first + i, contents[i]);
        }
        TestRequest request = TestRequest.write(loop, (long) first * BLOCK_BYTES, data, random);
        MemberOp op = op(request);
        blocks.write(new MemberOp[] {op}, 0, 1);
        disk.afterWrite(() -> {});
        end(op, request);
    }

    private void clear(DataBlocks blocks, Random random) throws IOException {
        int first = random.nextInt(BLOCKS);
        int count = 1 + random.nextInt(BLOCKS - first);
        for (int i = 0; i < count; i++) {
            wrote(first + i, 0);
        }
        long offset = (long) first * BLOCK_BYTES;
        TestRequest request = TestRequest.range(loop, Op.TRIM, offset, (long) count * BLOCK_BYTES);
        MemberOp op = op(request);
        blocks.clear(op);
        end(op, request);
    }

    /** Every content that is read must be one that is allowed; it is then the one that counts. */
    private void readAll(DataBlocks blocks, Random random) throws IOException {
        TestRequest request = TestRequest.read(loop, 0, BLOCKS * BLOCK_BYTES, random);
        MemberOp op = op(request);
        BlockReading reading = new BlockReading(op, BLOCK_BYTES, false);
        blocks.read(reading);
        assertThat(reading.holes()).isEqualTo(List.<ThreadedPort.Hole>of());
        byte[] data = new byte[BLOCKS * BLOCK_BYTES];
        int at = 0;
        for (int i = 0; i < op.entries(); i++) {
            op.memory(i).getBytes(op.memoryOffsetBytes(i), data, at, (int) op.entryLengthBytes(i));
            at += (int) op.entryLengthBytes(i);
        }
        end(op, request);
        for (int block = 0; block < BLOCKS; block++) {
            byte[] found = Arrays.copyOfRange(data, block * BLOCK_BYTES, (block + 1) * BLOCK_BYTES);
            int which = -1;
            for (int id = 0; id < CONTENTS; id++) {
                which = Arrays.equals(found, content(id)) ? id : which;
            }
            assertThat(allowed[block]).as("block=%d", block).contains(which);
            now[block] = which;
        }
    }

    private void onlyNowIsAllowed() {
        for (int block = 0; block < BLOCKS; block++) {
            allowed[block].clear();
            allowed[block].add(now[block]);
        }
    }

    @Seeded(rounds = 20)
    void nothingThatWasSyncedIsLost(Random random) throws IOException {
        SimulatedDisk.Table table = new SimulatedDisk.Table(random);
        DataBlocks blocks = open(table);
        int syncPercent = 1 + random.nextInt(30);
        for (int step = 0; step < 400; step++) {
            int which = random.nextInt(100);
            if (which < syncPercent) {
                blocks.sync();
                onlyNowIsAllowed();
            } else if (which < syncPercent + 8) {
                clear(blocks, random);
            } else if (which < syncPercent + 12) {
                checkpoint(blocks, table, random);
            } else if (which < syncPercent + 20) {
                blocks.stop(60);
                boolean kill = random.nextBoolean();
                if (kill) {
                    onlyNowIsAllowed();
                } else {
                    disk.cutPower(random);
                    // The mark is written and not synced.
                    mark = random.nextInt(3) == 0 ? lowerMark(random) : mark;
                }
                table.failNext(false);
                if (!kill && random.nextInt(3) == 0) {
                    openAndCutPower(table, random);
                }
                lookReadOnly(table, random);
                blocks = open(table);
                readAll(blocks, random);
                onlyNowIsAllowed();
            } else if (which < syncPercent + 23) {
                blocks.giveSpareBack();
            } else {
                write(blocks, random);
            }
        }
        readAll(blocks, random);
        blocks.stop(60);
        blocks.close();
    }

    /** The first sync has a new data file; the second finds little and puts it into the log; the third finds much. */
    @Seeded(rounds = 2)
    void aSyncOfLittleDataSyncsOnlyTheLog(Random random) throws IOException {
        SimulatedDisk.Table table = new SimulatedDisk.Table(random);
        DataBlocks blocks = open(table);
        Path file = DataFiles.path(FOLDER, 0);
        write(blocks, 0, new int[] {1}, random);
        blocks.sync();
        assertThat(disk.isSynced(file)).isTrue();
        write(blocks, 1, new int[] {2, 3}, random);
        blocks.sync();
        assertThat(disk.isSynced(file)).isFalse();
        assertThat(disk.isSynced(MapLogFile.path(FOLDER, 0))).isTrue();
        onlyNowIsAllowed();
        disk.cutPower(random);
        blocks = open(table);
        readAll(blocks, random);
        int[] many = new int[MapLog.MOST_KEPT_BYTES / BLOCK_BYTES + 1];
        Arrays.fill(many, 4);
        write(blocks, 3, many, random);
        blocks.sync();
        assertThat(disk.isSynced(file)).isTrue();
        blocks.stop(60);
        blocks.close();
    }

    private long lowerMark(Random random) {
        return Math.max(0, mark - random.nextInt(20));
    }

    private void checkpoint(DataBlocks blocks, SimulatedDisk.Table table, Random random) throws IOException {
        boolean fails = random.nextInt(3) == 0;
        table.failNext(fails);
        try {
            blocks.reclaimNow();
            onlyNowIsAllowed();
        } catch (IOException e) {
            assertThat(fails).isTrue();
            // It had synced by then.
            onlyNowIsAllowed();
        }
    }
}
