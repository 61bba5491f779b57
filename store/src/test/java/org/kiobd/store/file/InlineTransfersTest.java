package org.kiobd.store.file;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
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
import org.kiobd.volume.testkit.ManualLoop;
import org.kiobd.volume.testkit.PipedPayloads;

/** What is done on the loop, and what is not: a real file; a clock, and a kernel's room, as the test says. */
class InlineTransfersTest {
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
    private InlineTransfers inline;
    private final AtomicLong nowNanos = new AtomicLong();
    private volatile long writeNanos;
    private int written;
    private boolean full;

    @BeforeEach
    void openFile() throws Exception {
        path = Files.write(folder.resolve("file"), new byte[BYTES]);
        fd = Libc.open(path.toString(), Libc.O_RDWR, 0);
        assertThat(fd).isNotNegative();
        inline = transfers(fd);
    }

    private InlineTransfers transfers(int of) {
        return new InlineTransfers(
                new OpenFile(of, null, 0, OpenFile.Kind.REGULAR, OpenOptions.of(false)),
                loop,
                InlineTransfers.Policy.AUTO,
                new DirtyRoom(() -> "\nnr_dirty " + (full ? 9_000_000 : 0)
                        + "\nnr_writeback 0\nnr_dirty_threshold 2000000\nnr_dirty_background_threshold 1000000\n"),
                this::clock);
    }

    @AfterEach
    void closeFile() {
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
        MemberOp op = new MemberOp(what, 0, 0, offsetBytes, ended -> {});
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
        write(op, new OpenFile.Outcome(PAGE, 0));
        writeNanos = 0;
    }

    private boolean mayWrite() {
        return inline.mayWrite(op(Op.WRITE, 0, PAGE));
    }

    @Test
    void memberRule1_whatIsCachedIsReadAndWhatIsNotIsLeftToOthers() {
        assertThat(inline.read(op(Op.READ, 4095, 70_000))).isTrue();
        assertThat(Libc.fsync(fd)).isZero();
        assertThat(isReadOnceForgotten()).isFalse();
    }

    /** To forget is advice: a page that somebody looks at just then stays, and goes the next time. */
    private boolean isReadOnceForgotten() {
        boolean read = true;
        for (int i = 0; read && i < 100; i++) {
            assertThat(Libc.posix_fadvise(fd, 0, BYTES, POSIX_FADV_DONTNEED)).isZero();
            read = inline.read(op(Op.READ, 512 << 10, 65_536));
            LockSupport.parkNanos(10 * MS);
        }
        return read;
    }

    @Test
    void whatReachesBehindTheEndOfTheFileIsLeftToOthers() {
        assertThat(inline.read(op(Op.READ, BYTES - PAGE, 2 * PAGE))).isFalse();
        assertThat(inline.read(op(Op.READ, BYTES - PAGE, PAGE))).isTrue();
    }

    @Test
    void onlyWholePagesAreWritten() {
        assertThat(inline.mayWrite(op(Op.WRITE, PAGE, 3 * PAGE))).isTrue();
        assertThat(inline.mayWrite(op(Op.WRITE, 512, PAGE))).isFalse();
        assertThat(inline.mayWrite(op(Op.WRITE, PAGE, 512))).isFalse();
    }

    @Test
    void memberRule1_nothingIsWrittenWhereTheKernelWouldThrottle() {
        full = true;
        assertThat(mayWrite()).isFalse();
        assertThat(inline.read(op(Op.READ, 0, PAGE))).as("reads are").isTrue();
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
            PipedWrites writes = new PipedWrites(
                    new OpenFile(appending.fd(), null, 0, OpenFile.Kind.REGULAR, OpenOptions.of(false)));
            MemberOp first = piped(data);
            assertThat(writes.takes(first)).isTrue();
            assertThat(writes.write(first)).isEqualTo(new OpenFile.Outcome(data.length, 0));
            first.original(0).release();
            MemberOp second = piped(data);
            assertThat(writes.takes(second)).as("it is not asked again").isFalse();
            second.original(0).release();
        }
        assertThat(Files.readAllBytes(empty)).isEqualTo(data);
    }

    private MemberOp piped(byte[] data) {
        return op(PipedPayloads.of(new PagePool(1, 1), data), 0, data.length);
    }

    /** A WRITE of the bytes from {@code from} to {@code to} of a payload, to the same place in the file; each takes the payload. */
    private MemberOp op(PipedPayload payload, int from, int to) {
        Kiobuf request = new Kiobuf(loop, Op.WRITE, 0, payload.lengthBytes()).add(Fragment.of(payload));
        ChainCursor cursor = new ChainCursor(KiobufChain.of(request));
        if (from > 0) {
            cursor.next(from);
        }
        MemberOp op = new MemberOp(Op.WRITE, 0, 0, from, ended -> {});
        op.add(cursor.next(to - from));
        return op;
    }

    private void write(MemberOp op, OpenFile.Outcome expected) {
        inline.write(op, (ended, outcome) -> {
            assertThat(ended).isSameAs(op);
            assertThat(outcome).isEqualTo(expected);
            written++;
        });
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
        PipedPayload payload = PipedPayloads.slow(new PagePool(1, 1), content, 3);
        MemberOp first = op(payload, 0, BYTES / 2);
        MemberOp second = op(payload, BYTES / 2, BYTES);
        assertThat(inline.mayWrite(first)).isTrue();
        write(first, new OpenFile.Outcome(BYTES / 2, 0));
        full = true;
        nowNanos.addAndGet(100 * MS);
        assertThat(mayWrite()).isFalse();
        assertThat(inline.mayWrite(second)).isTrue();
        write(second, new OpenFile.Outcome(BYTES / 2, 0));
        assertThat(written).isZero();
        awaitWritten(2);
        assertThat(payload.isInMemory()).isFalse();
        first.original(0).release();
        assertThat(Files.readAllBytes(path)).isEqualTo(content);
    }

    @Test
    void whatCameAtOnceOrIsSmallIsWrittenByTheLoop() {
        for (PipedPayload payload : List.of(
                PipedPayloads.slow(new PagePool(1, 1), content(), 2),
                PipedPayloads.slow(new PagePool(1, 1), new byte[128 << 10], 9))) {
            MemberOp op = op(payload, 0, payload.lengthBytes());
            written = 0;
            write(op, new OpenFile.Outcome(payload.lengthBytes(), 0));
            assertThat(written).isEqualTo(1);
            op.original(0).release();
        }
    }

    /** The loop may be kept off files by what a thread met. */
    @Test
    @Timeout(60)
    void aThreadThatWaitedKeepsTheLoopOffToo() {
        MemberOp slow = op(PipedPayloads.slow(new PagePool(1, 1), content(), 3), 0, BYTES);
        writeNanos = 11 * MS;
        write(slow, new OpenFile.Outcome(BYTES, 0));
        awaitWritten(1);
        writeNanos = 0;
        assertThat(mayWrite()).isFalse();
        slow.original(0).release();
    }

    @Test
    @Timeout(60)
    void memberRule2_whatGoesWrongBesideTheLoopIsToldOnIt() {
        try (Descriptor readOnly = Descriptor.open(path, Descriptor.O_RDONLY)) {
            inline = transfers(readOnly.fd());
            MemberOp slow = op(PipedPayloads.slow(new PagePool(1, 1), content(), 3), 0, BYTES);
            write(slow, new OpenFile.Outcome(0, EBADF));
            awaitWritten(1);
            slow.original(0).release();
        }
    }
}
