package org.kiobd.raid;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kiobd.store.MemberStores;
import org.kiobd.store.MemberUri;
import org.kiobd.volume.ByteRange;
import org.kiobd.volume.Extent;
import org.kiobd.volume.IoError;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.Op;
import org.kiobd.volume.loop.IoEngine;
import org.kiobd.volume.loop.IoLoop;
import org.kiobd.volume.loop.IoLoops;
import org.kiobd.volume.testkit.LeakCheck;
import org.kiobd.volume.testkit.TestLoops;
import org.kiobd.volume.testkit.TestRequest;

/** Ranges of more than 4 GiB, on a sparse volume of 16 GiB: lengths that fit no int and no unsigned int, on a member as on the device. */
@ExtendWith(LeakCheck.class)
class Raid0LargeRangeTest {
    private static final long GIB = 1L << 30;
    private static final long SIZE_BYTES = 16 * GIB;
    private static final int MARK_BYTES = 64 << 10;
    private static final long CHUNK_BYTES = 64 << 10;
    private static final Op[] OPS = {Op.WRITE_ZEROES, Op.TRIM};

    /** Where 32 bits end, on a device of one member, and on one of three for each of them. */
    private static final long[] MARKS = {
        0,
        2 * GIB - MARK_BYTES / 2,
        4 * GIB - MARK_BYTES / 2,
        6 * GIB,
        8 * GIB - MARK_BYTES / 2,
        12 * GIB - MARK_BYTES / 2,
        SIZE_BYTES - MARK_BYTES
    };

    @TempDir
    Path folder;

    private final Random random = new Random(11);

    private static void run(Volume device, TestRequest request) {
        IoLoop on = request.kiobuf().loop();
        on.execute(() -> {
            device.submit(request.chain());
            device.unplug(on);
        });
        TestLoops.await(request.done());
        assertThat(request.error()).as("%s", request).isNull();
    }

    private static byte[] mark() {
        byte[] mark = new byte[MARK_BYTES];
        java.util.Arrays.fill(mark, (byte) 0x3c);
        return mark;
    }

    private List<Extent> extents(Volume device, IoLoop loop) {
        return TestLoops.await(TestLoops.call(
                loop,
                () -> device.extents(loop, new ByteRange(0, SIZE_BYTES), 1000).toCompletableFuture()));
    }

    private void markAll(Volume device, IoLoop loop) {
        for (long at : MARKS) {
            run(device, TestRequest.write(loop, at, mark(), random));
        }
    }

    /** Every byte of every mark: still there outside {@code gone}, and zero inside. */
    private void check(Volume device, IoLoop loop, ByteRange gone) {
        for (long at : MARKS) {
            byte[] expected = mark();
            int from = (int) Math.max(0, Math.min(MARK_BYTES, gone.offsetBytes() - at));
            int to = (int) Math.max(from, Math.min(MARK_BYTES, gone.endBytes() - at));
            java.util.Arrays.fill(expected, from, to, (byte) 0);
            TestRequest plain = TestRequest.read(loop, at, MARK_BYTES, random);
            run(device, plain);
            assertThat(plain.data()).as("at=%d gone=%s", at, gone).isEqualTo(expected);
            TestRequest sparse = TestRequest.read(loop, at, MARK_BYTES, random).acceptHoles();
            run(device, sparse);
            assertThat(sparse.data()).as("at=%d gone=%s", at, gone).isEqualTo(expected);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void zeroesAndTrimsReachExactlyAsFarAsTheySay(int members) throws Exception {
        ArrayAssembler assembler = new ArrayAssembler(MemberStores.load());
        List<MemberUri> uris = new ArrayList<>();
        for (int i = 0; i < members; i++) {
            uris.add(MemberUri.file(folder.resolve("member" + i + ".img")));
        }
        ArraySpec spec = new ArraySpec("large", SIZE_BYTES, CHUNK_BYTES, uris);
        try (IoLoops loops = new IoLoops(IoEngine.IO_URING, 1);
                Volume device = assembler.open(assembler.create(spec), false)) {
            IoLoop loop = loops.all().get(0);
            List<ByteRange> ranges = List.of(
                    new ByteRange(1, 4 * GIB),
                    new ByteRange(2 * GIB + 5, 6 * GIB),
                    new ByteRange(4 * GIB - 1, 8 * GIB + 3),
                    new ByteRange(100, SIZE_BYTES - 200),
                    new ByteRange(0, SIZE_BYTES));
            for (ByteRange range : ranges) {
                for (Op op : OPS) {
                    markAll(device, loop);
                    int flags = op == Op.WRITE_ZEROES ? Kiobuf.FAST_ZERO : 0;
                    run(
                            device,
                            TestRequest.range(loop, op, range.offsetBytes(), range.lengthBytes())
                                    .flags(flags));
                    check(device, loop, range);
                    List<Extent> told = extents(device, loop);
                    assertThat(told.stream().mapToLong(Extent::lengthBytes).sum())
                            .isEqualTo(SIZE_BYTES);
                }
            }
            assertThat(extents(device, loop)).containsExactly(new Extent(SIZE_BYTES, Extent.Kind.HOLE));
            TestRequest outside = TestRequest.range(loop, Op.TRIM, 5 * GIB, SIZE_BYTES - 5 * GIB + 1);
            loop.execute(() -> device.submit(outside.chain()));
            assertThat(TestLoops.await(outside.done()).error()).isEqualTo(IoError.INVALID);
        }
    }
}
