package org.kiobd.store.file;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.kiobd.store.MemberOp;
import org.kiobd.store.OpenOptions;
import org.kiobd.volume.kiobuf.ChainCursor;
import org.kiobd.volume.kiobuf.Fragment;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.KiobufChain;
import org.kiobd.volume.kiobuf.Op;
import org.kiobd.volume.kiobuf.PagePool;
import org.kiobd.volume.kiobuf.PipedPayload;
import org.kiobd.volume.testkit.Descriptor;
import org.kiobd.volume.testkit.LeakCheck;
import org.kiobd.volume.testkit.ManualLoop;
import org.kiobd.volume.testkit.PipedPayloads;

/** Which path each operation takes, and what comes of it: a real file; a clock, and a kernel's room, as the test says. */
@ExtendWith(LeakCheck.class)
class FilePathsTest {
    private static final int BYTES = 1 << 20;
    private static final int PAGE = 4096;
    private static final int POSIX_FADV_DONTNEED = 4;
    private static final long MS = 1_000_000;
    private static final int EBADF = 9;

    @TempDir
    Path folder;

    private final ManualLoop loop = new ManualLoop();
    private final ByteBuf memory = Unpooled.directBuffer(BYTES, BYTES).writeZero(BYTES);
    private Path path;
    private int fd;
    private final FileRuntime runtime = runtime(FileTuning.DEFAULT);
    private FilePort port;
    private final PagePool pool = new PagePool(1, 1);
    private final IdentityHashMap<MemberOp, OpenFile.Outcome> expected = new IdentityHashMap<>();
    private final AtomicLong nowNanos = new AtomicLong();
    private volatile long writeNanos;
    private int written;
    private boolean full;

    @BeforeEach
    void openFile() throws Exception {
        path = Files.write(folder.resolve("file"), new byte[BYTES]);
        fd = Libc.open(path.toString(), Libc.O_RDWR, 0);
        assertThat(fd).isNotNegative();
        port = portOf(fd);
    }

    private FileRuntime runtime(FileTuning tuning) {
        return new FileRuntime(
                tuning,
                new DirtyRoom(() -> "\nnr_dirty " + (full ? 9_000_000 : 0)
                        + "\nnr_writeback 0\nnr_dirty_threshold 2000000\nnr_dirty_background_threshold 1000000\n"));
    }

    private OpenFile file(int of) {
        return new OpenFile(
                of,
                null,
                0,
                OpenFile.Kind.REGULAR,
                OpenOptions.of(false),
                runtime.threads().executor());
    }

    private FilePort portOf(int of) {
        return new FilePort(file(of), loop, runtime, this::clock);
    }

    @AfterEach
    void closeFile() {
        port.close();
        runtime.close();
        pool.close();
        Libc.close(fd);
        memory.release();
    }

    /** Each look at it takes as long as a write is to take. */
    private long clock() {
        return nowNanos.addAndGet(writeNanos);
    }

    private MemberOp op(Op what, long offsetBytes, int lengthBytes) {
        Kiobuf request =
                new Kiobuf(loop, what, offsetBytes, lengthBytes).add(Fragment.of(memory.retain(), 0, lengthBytes));
        MemberOp op = new MemberOp(what, 0, 0, offsetBytes, this::ended);
        ChainCursor cursor = new ChainCursor(KiobufChain.of(request));
        while (cursor.hasNext()) {
            op.add(cursor.next(Long.MAX_VALUE));
        }
        memory.release();
        return op;
    }

    private void write(long takesMs) {
        MemberOp op = op(Op.WRITE, 0, PAGE);
        writeNanos = takesMs * MS;
        write(op, IoPath.CALL, new OpenFile.Outcome(PAGE, 0));
        writeNanos = 0;
    }

    private IoPath path(MemberOp op) {
        return port.paths().of(op);
    }

    private boolean mayWrite() {
        return path(op(Op.WRITE, 0, PAGE)) == IoPath.CALL;
    }

    /** Returns whether a READ ends at once; a READ that does not is left to the file threads. */
    private boolean isRead(MemberOp op) {
        assertThat(path(op)).isEqualTo(IoPath.CALL);
        port.submit(op);
        return op.isEnded();
    }

    @Test
    void memberRule1_whatIsCachedIsReadAndWhatIsNotIsLeftToOthers() {
        assertThat(isRead(op(Op.READ, 4095, 70_000))).isTrue();
        assertThat(Libc.fsync(fd)).isZero();
        assertThat(isReadOnceForgotten()).isFalse();
    }

    /** To forget is advice: a page that somebody looks at just then stays, and goes the next time. */
    private boolean isReadOnceForgotten() {
        boolean read = true;
        for (int i = 0; read && i < 100; i++) {
            assertThat(Libc.posix_fadvise(fd, 0, BYTES, POSIX_FADV_DONTNEED)).isZero();
            read = isRead(op(Op.READ, 512 << 10, 65_536));
            LockSupport.parkNanos(10 * MS);
        }
        return read;
    }

    @Test
    void whatReachesBehindTheEndOfTheFileIsLeftToOthers() {
        assertThat(isRead(op(Op.READ, BYTES - PAGE, 2 * PAGE))).isFalse();
        assertThat(isRead(op(Op.READ, BYTES - PAGE, PAGE))).isTrue();
    }

    @Test
    void onlyWholePagesAreWritten() {
        assertThat(path(op(Op.WRITE, PAGE, 3 * PAGE))).isEqualTo(IoPath.CALL);
        assertThat(path(op(Op.WRITE, 512, PAGE))).isEqualTo(IoPath.THREADS);
        assertThat(path(op(Op.WRITE, PAGE, 512))).isEqualTo(IoPath.THREADS);
    }

    @Test
    void memberRule1_nothingIsWrittenWhereTheKernelWouldThrottle() {
        full = true;
        assertThat(mayWrite()).isFalse();
        MemberOp piped = piped(new byte[PAGE]);
        assertThat(path(piped)).isEqualTo(IoPath.THREADS);
        piped.original(0).release();
        assertThat(isRead(op(Op.READ, 0, PAGE))).as("reads are").isTrue();
    }

    @Test
    void operationsWithoutDataGoToTheThreads() {
        assertThat(path(new MemberOp(Op.FLUSH, 0, 0, 0, this::ended))).isEqualTo(IoPath.SYNC);
        for (Op range : List.of(Op.TRIM, Op.WRITE_ZEROES, Op.CACHE)) {
            assertThat(path(new MemberOp(range, 0, 0, 0, this::ended))).isEqualTo(IoPath.THREADS);
        }
    }

    @Test
    void thePolicyDecidesWhoMakesCalls() {
        full = true;
        MemberOp read = op(Op.READ, 0, PAGE);
        MemberOp write = op(Op.WRITE, 512, PAGE);
        IoPathChooser never = chooser(FileTuning.Calls.NEVER);
        assertThat(never.of(read)).isEqualTo(IoPath.RING);
        assertThat(never.of(write)).isEqualTo(IoPath.RING);
        IoPathChooser always = chooser(FileTuning.Calls.ALWAYS);
        assertThat(always.of(read)).isEqualTo(IoPath.CALL);
        assertThat(always.of(write)).isEqualTo(IoPath.CALL);
    }

    private IoPathChooser chooser(FileTuning.Calls calls) {
        OpenFile file = file(fd);
        FileRuntime tuned = runtime(FileTuning.DEFAULT.with(calls));
        return new IoPathChooser(file, new SplicedWrites(file), IoPath.RING, tuned, this::clock);
    }

    @Test
    void aWriteThatWaitedKeepsTheNextOffTheLoopEachTimeLonger() {
        write(9);
        assertThat(mayWrite()).isTrue();
        write(11);
        assertThat(mayWrite()).isFalse();
        nowNanos.addAndGet(99 * MS);
        assertThat(mayWrite()).isFalse();
        nowNanos.addAndGet(MS);
        assertThat(mayWrite()).isTrue();
        write(11);
        nowNanos.addAndGet(199 * MS);
        assertThat(mayWrite()).isFalse();
        nowNanos.addAndGet(MS);
        assertThat(mayWrite()).isTrue();
    }

    @Test
    void afterAGoodTimeItIsForgotten() {
        write(11);
        write(11);
        nowNanos.addAndGet(3000 * MS);
        write(1);
        write(11);
        nowNanos.addAndGet(100 * MS);
        assertThat(mayWrite()).isTrue();
    }

    /** Linux refuses splice(2) to a file that is open for appending; what it says of writing there does not matter here. */
    @Test
    void whatAFileTakesFromNoPipeIsCopied() throws Exception {
        byte[] data = new byte[3 * PAGE];
        Arrays.fill(data, (byte) 7);
        Path empty = Files.createFile(folder.resolve("appended"));
        try (Descriptor appending = Descriptor.open(empty, Descriptor.O_RDWR | Descriptor.O_APPEND)) {
            SplicedWrites writes = new SplicedWrites(file(appending.fd()));
            MemberOp first = piped(data);
            assertThat(writes.takes(first.payload())).isTrue();
            assertThat(writes.write(first)).isEqualTo(new OpenFile.Outcome(data.length, 0));
            first.original(0).release();
            MemberOp second = piped(data);
            assertThat(writes.takes(second.payload()))
                    .as("it is not asked again")
                    .isFalse();
            second.original(0).release();
        }
        assertThat(Files.readAllBytes(empty)).isEqualTo(data);
    }

    private MemberOp piped(byte[] data) {
        return op(PipedPayloads.of(pool, data), 0, data.length);
    }

    /** A WRITE of the bytes from {@code from} to {@code to} of a payload, to the same place in the file; each takes the payload. */
    private MemberOp op(PipedPayload payload, int from, int to) {
        Kiobuf request = new Kiobuf(loop, Op.WRITE, 0, payload.lengthBytes()).add(Fragment.of(payload));
        ChainCursor cursor = new ChainCursor(KiobufChain.of(request));
        if (from > 0) {
            cursor.next(from);
        }
        MemberOp op = new MemberOp(Op.WRITE, 0, 0, from, this::ended);
        op.add(cursor.next(to - from));
        return op;
    }

    private void write(MemberOp op, IoPath path, OpenFile.Outcome outcome) {
        expected.put(op, outcome);
        port.go(op, path);
    }

    private void ended(MemberOp op) {
        OpenFile.Outcome outcome = expected.get(op);
        if (outcome != null) {
            assertThat(op.doneBytes()).isEqualTo(outcome.doneBytes());
            assertThat(op.error()).isEqualTo(OpenFile.toIoError(outcome.errno()));
            written++;
        }
    }

    private void awaitWritten(int count) {
        while (written < count) {
            loop.runAll();
            LockSupport.parkNanos(MS / 10);
        }
        assertThat(written).isEqualTo(count);
    }

    private static byte[] content() {
        byte[] content = new byte[BYTES];
        new Random(11).nextBytes(content);
        return content;
    }

    /** What its client waits with is received meanwhile. All of it goes one way, for nobody should wait for a pipe that a thread has. */
    @Test
    @Timeout(60)
    void whatCameSlowlyIsWrittenBesideTheLoop() throws Exception {
        byte[] content = content();
        PipedPayload payload = PipedPayloads.slow(pool, content, 3);
        MemberOp first = op(payload, 0, BYTES / 2);
        MemberOp second = op(payload, BYTES / 2, BYTES);
        assertThat(path(first)).isEqualTo(IoPath.SPLICE_BESIDE_LOOP);
        write(first, IoPath.SPLICE_BESIDE_LOOP, new OpenFile.Outcome(BYTES / 2, 0));
        full = true;
        nowNanos.addAndGet(100 * MS);
        assertThat(mayWrite()).isFalse();
        assertThat(path(second)).isEqualTo(IoPath.SPLICE_BESIDE_LOOP);
        write(second, IoPath.SPLICE_BESIDE_LOOP, new OpenFile.Outcome(BYTES / 2, 0));
        assertThat(written).isZero();
        awaitWritten(2);
        assertThat(payload.isInMemory()).isFalse();
        first.original(0).release();
        assertThat(Files.readAllBytes(path)).isEqualTo(content);
    }

    @Test
    void whatCameAtOnceOrIsSmallIsWrittenByTheLoop() {
        for (PipedPayload payload :
                List.of(PipedPayloads.slow(pool, content(), 2), PipedPayloads.slow(pool, new byte[128 << 10], 9))) {
            MemberOp op = op(payload, 0, payload.lengthBytes());
            written = 0;
            assertThat(path(op)).isEqualTo(IoPath.SPLICE);
            write(op, IoPath.SPLICE, new OpenFile.Outcome(payload.lengthBytes(), 0));
            assertThat(written).isEqualTo(1);
            op.original(0).release();
        }
    }

    /** The loop may be kept off files by what a thread met. */
    @Test
    @Timeout(60)
    void aThreadThatWaitedKeepsTheLoopOffToo() {
        MemberOp slow = op(PipedPayloads.slow(pool, content(), 3), 0, BYTES);
        writeNanos = 11 * MS;
        write(slow, IoPath.SPLICE_BESIDE_LOOP, new OpenFile.Outcome(BYTES, 0));
        awaitWritten(1);
        writeNanos = 0;
        assertThat(mayWrite()).isFalse();
        slow.original(0).release();
    }

    @Test
    @Timeout(60)
    void memberRule2_whatGoesWrongBesideTheLoopIsToldOnIt() {
        try (Descriptor readOnly = Descriptor.open(path, Descriptor.O_RDONLY)) {
            port.close();
            port = portOf(readOnly.fd());
            MemberOp slow = op(PipedPayloads.slow(pool, content(), 3), 0, BYTES);
            write(slow, path(slow), new OpenFile.Outcome(0, EBADF));
            awaitWritten(1);
            slow.original(0).release();
        }
    }
}
