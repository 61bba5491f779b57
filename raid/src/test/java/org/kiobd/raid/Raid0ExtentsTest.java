package org.kiobd.raid;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.kiobd.store.MemberStores;
import org.kiobd.store.MemberUri;
import org.kiobd.store.format.Superblock;
import org.kiobd.store.testkit.FileAllocation;
import org.kiobd.volume.ByteRange;
import org.kiobd.volume.Extent;
import org.kiobd.volume.ReadPiece;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.Op;
import org.kiobd.volume.loop.IoEngine;
import org.kiobd.volume.loop.IoLoop;
import org.kiobd.volume.loop.IoLoops;
import org.kiobd.volume.testkit.LeakCheck;
import org.kiobd.volume.testkit.Seeded;
import org.kiobd.volume.testkit.TestLoops;
import org.kiobd.volume.testkit.TestRequest;

/** What a striped volume says of its holes, against what the file system has stored for its members' files, block for block. */
@ExtendWith(LeakCheck.class)
class Raid0ExtentsTest {
    private static final int UNIT_BYTES = FileAllocation.UNIT_BYTES;
    private static final int[] CHUNK_UNITS = {1, 2, 3, 5, 7, 16};
    private static final IoEngine[] ENGINES = {IoEngine.IO_URING, IoEngine.EPOLL, IoEngine.NIO};
    private static final int MIN_MEMBER_BYTES = 96 << 10;

    /** A file system may forget a clean page of room without bytes at any time, and then calls it a hole. */
    private static final int MAX_ATTEMPTS = 20;

    @TempDir
    Path folder;

    private final List<AutoCloseable> open = new ArrayList<>();

    /** A volume at work, and what a test needs to know of it. */
    private record Subject(Volume device, List<Path> files, long chunkBytes, List<IoLoop> loops, Random random) {
        static Subject create(Path folder, IoLoops loops, Random random) throws Exception {
            int members = 1 + random.nextInt(5);
            long chunkBytes = ArraySpec.CHUNK_UNIT_BYTES * CHUNK_UNITS[random.nextInt(CHUNK_UNITS.length)];
            List<Path> files = new ArrayList<>();
            for (int i = 0; i < members; i++) {
                files.add(folder.resolve("member" + i + ".img"));
            }
            // An odd number of chunks, the last one cut.
            long chunks = (MIN_MEMBER_BYTES / chunkBytes + 2 + random.nextInt(6)) * members + random.nextInt(members);
            long sizeBytes = chunks * chunkBytes - random.nextInt(3) * 512L;
            ArrayAssembler assembler = new ArrayAssembler(MemberStores.load());
            ArraySpec spec = new ArraySpec(
                    "extents",
                    sizeBytes,
                    chunkBytes,
                    files.stream().map(MemberUri::file).toList());
            return new Subject(
                    assembler.open(assembler.create(spec), false), files, chunkBytes, List.copyOf(loops.all()), random);
        }

        IoLoop anyLoop() {
            return loops.get(random.nextInt(loops.size()));
        }

        TestRequest run(TestRequest request) {
            IoLoop on = request.kiobuf().loop();
            on.execute(() -> {
                device.submit(request.chain());
                device.unplug(on);
            });
            TestLoops.await(request.done());
            assertThat(request.error()).as("%s", request).isNull();
            return request;
        }

        ByteRange anyRange() {
            long size = device.sizeBytes();
            long reach = Math.min(size, random.nextBoolean() ? 3 * chunkBytes : size / 2);
            long length = 1L + random.nextInt((int) reach);
            long offset = random.nextInt((int) (size - length + 1));
            if (random.nextBoolean()) {
                offset = offset / 4096 * 4096;
                length = Math.min((length + 4095) / 4096 * 4096, size - offset);
            }
            return new ByteRange(offset, length);
        }

        void changeSomething(Op op) {
            ByteRange range = anyRange();
            IoLoop on = anyLoop();
            if (op == Op.WRITE) {
                byte[] data = new byte[(int) range.lengthBytes()];
                random.nextBytes(data);
                run(TestRequest.write(on, range.offsetBytes(), data, random));
            } else {
                TestRequest request = TestRequest.range(on, op, range.offsetBytes(), range.lengthBytes());
                boolean keeps = op == Op.WRITE_ZEROES && random.nextInt(3) == 0;
                run(request.flags(keeps ? Kiobuf.NO_HOLE : 0));
            }
        }

        /** The device's units with data, by plain arithmetic on what stands in the files. */
        BitSet allocation() {
            long size = device.sizeBytes();
            int members = files.size();
            int unitsAChunk = (int) (chunkBytes / UNIT_BYTES);
            long rows = (size + chunkBytes * members - 1) / (chunkBytes * members);
            List<BitSet> stored = new ArrayList<>();
            for (Path file : files) {
                stored.add(FileAllocation.of(file, Superblock.DATA_OFFSET_BYTES, rows * chunkBytes));
            }
            BitSet device = new BitSet();
            for (int unit = 0; (long) unit * UNIT_BYTES < size; unit++) {
                int chunk = unit / unitsAChunk;
                device.set(unit, stored.get(chunk % members).get(chunk / members * unitsAChunk + unit % unitsAChunk));
            }
            return device;
        }

        List<Extent> extents(ByteRange range, int maxExtents) {
            IoLoop on = anyLoop();
            return TestLoops.await(TestLoops.call(
                    on, () -> device.extents(on, range, maxExtents).toCompletableFuture()));
        }

        void tellsTheTruth(ByteRange range, int maxExtents) {
            for (int attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
                BitSet before = allocation();
                List<Extent> told = extents(range, maxExtents);
                if (before.equals(allocation())) {
                    assertThat(told)
                            .as("%d members chunk=%d %s max=%d", files.size(), chunkBytes, range, maxExtents)
                            .isEqualTo(runs(before, range, maxExtents));
                    return;
                }
            }
            throw new AssertionError("the allocation did not come to rest");
        }

        /** A read that takes holes gives the bytes of one that does not, and calls nothing a hole that is stored. */
        void readsAlike(ByteRange range) {
            BitSet before = allocation();
            TestRequest sparse = TestRequest.read(anyLoop(), range.offsetBytes(), (int) range.lengthBytes(), random)
                    .acceptHoles();
            List<ReadPiece> pieces = pieces(sparse);
            BitSet after = allocation();
            TestRequest plain =
                    run(TestRequest.read(anyLoop(), range.offsetBytes(), (int) range.lengthBytes(), random));
            assertThat(sparse.data()).as("%s", range).isEqualTo(plain.data());
            before.and(after);
            long at = range.offsetBytes();
            for (ReadPiece piece : pieces) {
                long end = at + piece.lengthBytes();
                if (piece instanceof ReadPiece.Hole) {
                    int stored = before.nextSetBit((int) (at / UNIT_BYTES));
                    assertThat(stored < 0 || (long) stored * UNIT_BYTES >= end)
                            .as("hole [%d,%d) in %s", at, end, range)
                            .isTrue();
                }
                at = end;
            }
        }

        List<ReadPiece> pieces(TestRequest read) {
            read.kiobuf().retain();
            run(read);
            return TestLoops.call(read.kiobuf().loop(), () -> {
                List<ReadPiece> pieces = read.kiobuf().pieces();
                read.kiobuf().release();
                return pieces;
            });
        }

        void check() {
            tellsTheTruth(new ByteRange(0, device.sizeBytes()), Integer.MAX_VALUE);
            tellsTheTruth(anyRange(), Integer.MAX_VALUE);
            tellsTheTruth(anyRange(), 1 + random.nextInt(4));
            readsAlike(anyRange());
        }
    }

    private static List<Extent> runs(BitSet data, ByteRange range, int maxExtents) {
        List<Extent> runs = new ArrayList<>();
        long at = range.offsetBytes();
        while (at < range.endBytes() && runs.size() < maxExtents) {
            int unit = (int) (at / UNIT_BYTES);
            boolean isData = data.get(unit);
            int next = isData ? data.nextClearBit(unit) : data.nextSetBit(unit);
            long end = next < 0 ? range.endBytes() : Math.min(range.endBytes(), (long) next * UNIT_BYTES);
            runs.add(new Extent(end - at, isData ? Extent.Kind.DATA : Extent.Kind.HOLE));
            at = end;
        }
        return runs;
    }

    private <T extends AutoCloseable> T closing(T one) {
        open.add(0, one);
        return one;
    }

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable one : open) {
            one.close();
        }
    }

    @Seeded(rounds = 12)
    void extentsAreWhatTheFilesHaveStored(Random random) throws Exception {
        IoLoops loops = closing(new IoLoops(ENGINES[random.nextInt(ENGINES.length)], 2));
        Subject subject = Subject.create(folder, loops, random);
        closing(subject.device());
        long size = subject.device().sizeBytes();
        assertThat(subject.extents(new ByteRange(0, size), 1)).containsExactly(new Extent(size, Extent.Kind.HOLE));
        assertThat(subject.pieces(TestRequest.read(loops.all().get(0), 0, (int) size, random)
                        .acceptHoles()))
                .containsExactly(new ReadPiece.Hole(size));
        for (int round = 0; round < 8; round++) {
            for (int i = random.nextInt(4); i >= 0; i--) {
                subject.changeSomething(Op.WRITE);
            }
            subject.check();
            subject.changeSomething(random.nextBoolean() ? Op.TRIM : Op.WRITE_ZEROES);
            subject.check();
            if (round == 4) {
                subject.device().grow(size + 1 + random.nextInt((int) (3 * subject.chunkBytes())) / 512 * 512L);
            }
        }
        subject.run(TestRequest.range(
                loops.all().get(1), Op.TRIM, 0, subject.device().sizeBytes()));
        subject.check();
    }
}
