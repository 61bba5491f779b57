package org.kiobd.store.rocksdb.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.atomic.LongAdder;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kiobd.store.MemberOp;
import org.kiobd.store.StoreSubject;
import org.kiobd.volume.testkit.LeakCheck;
import org.kiobd.volume.testkit.ManualLoop;
import org.kiobd.volume.testkit.TestRequest;

/** A block that moves between the look into the map and the read of its place is read where it is then. */
@ExtendWith(LeakCheck.class)
class DataReadsTest {
    private static final int BLOCK_BYTES = 4096;
    private static final int BLOCKS = 3;
    private static final Path FOLDER = Path.of("/simulated");

    private final ManualLoop loop = new ManualLoop();
    private final SimulatedDisk disk = new SimulatedDisk();

    /** Chooses one fragment for all bytes: the blocks are read into the memory of the request itself. */
    private static final Random ONE_FRAGMENT = new Random(0) {
        private static final long serialVersionUID = 1L;

        @Override
        public int nextInt(int bound) {
            return 0;
        }
    };

    private static byte[] content(int seed) {
        byte[] bytes = new byte[BLOCKS * BLOCK_BYTES];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    private void end(MemberOp op, TestRequest request) {
        op.complete(0, null);
        op.endSlices();
        request.kiobuf().submitted();
        loop.runAll();
    }

    private void write(DataBlocks blocks, byte[] data) throws IOException {
        TestRequest request = TestRequest.write(loop, 0, data, ONE_FRAGMENT);
        MemberOp op = StoreSubject.opOf(request.kiobuf(), ended -> {});
        blocks.write(new MemberOp[] {op}, 0, 1);
        end(op, request);
    }

    /** The place that the block had is overwritten meanwhile. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2})
    void aBlockThatMovesIsReadWhereItIs(int moved) throws IOException {
        DataBlocks blocks = DataBlocks.open(
                new DataBlocks.Setup(
                        FOLDER,
                        BLOCK_BYTES,
                        false,
                        new SimulatedDisk.Table(new Random(1)),
                        0,
                        sequence -> {},
                        new LongAdder()),
                disk);
        blocks.prepare(() -> 0);
        write(blocks, content(1));
        byte[] later = content(2);
        disk.beforeRead(() -> {
            try (BlockFile file = disk.open(DataFiles.path(FOLDER, 0), false)) {
                write(blocks, later);
                ByteBuffer garbage = ByteBuffer.allocate(BLOCK_BYTES).putLong(0, -1);
                file.write(garbage, (long) moved * BLOCK_BYTES);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        TestRequest request = TestRequest.read(loop, 0, BLOCKS * BLOCK_BYTES, ONE_FRAGMENT);
        MemberOp op = StoreSubject.opOf(request.kiobuf(), ended -> {});
        blocks.read(new BlockReading(op, BLOCK_BYTES, false));
        byte[] read = new byte[BLOCK_BYTES];
        op.memory(0).getBytes(op.memoryOffsetBytes(0) + moved * BLOCK_BYTES, read);
        assertThat(read).isEqualTo(Arrays.copyOfRange(later, moved * BLOCK_BYTES, (moved + 1) * BLOCK_BYTES));
        end(op, request);
        blocks.stop(60);
        blocks.close();
    }
}
