package org.kiobd.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.extension.ExtendWith;
import org.kiobd.volume.IoError;
import org.kiobd.volume.ReadPiece;
import org.kiobd.volume.kiobuf.ChainCursor;
import org.kiobd.volume.kiobuf.Fragment;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.KiobufChain;
import org.kiobd.volume.kiobuf.Op;
import org.kiobd.volume.kiobuf.PagePool;
import org.kiobd.volume.loop.IoEngine;
import org.kiobd.volume.loop.IoLoop;
import org.kiobd.volume.loop.IoLoops;
import org.kiobd.volume.testkit.LeakCheck;
import org.kiobd.volume.testkit.PipedPayloads;
import org.kiobd.volume.testkit.TestLoops;

/** A member to be tested, on loops of an engine, and the ways to talk to it. */
@ExtendWith(LeakCheck.class)
public abstract class StoreSubject {
    protected static final long SIZE_BYTES = 64L << 20;
    protected static final int MIB = 1 << 20;

    protected final IoLoops loops = new IoLoops(engine(), 2);
    protected final IoLoop loop = loops.all().get(0);
    private final PagePool pool = new PagePool(1, 1);
    protected MemberStore store;
    protected MemberPort port;

    protected abstract IoEngine engine();

    /** Makes an empty member and opens it. */
    protected abstract MemberStore create(long sizeBytes) throws Exception;

    /** Opens a member that {@link #create} made and that was closed since, or is open still. */
    protected abstract MemberStore open(MemberUri uri, boolean readOnly) throws Exception;

    /** Does now what the store does in its own time to give space back. */
    protected void reclaim() throws Exception {}

    @BeforeEach
    void open() throws Exception {
        store = create(SIZE_BYTES);
        port = TestLoops.call(loop, () -> store.port(loop));
    }

    @AfterEach
    void close() throws Exception {
        closeMember();
        loops.close();
        pool.close();
    }

    protected void closeMember() throws Exception {
        closePort(loop, port);
        store.close();
    }

    /** Closes the member and opens it again. */
    protected void reopen(boolean readOnly) throws Exception {
        closeMember();
        store = open(store.uri(), readOnly);
        port = TestLoops.call(loop, () -> store.port(loop));
    }

    public static void closePort(IoLoop on, MemberPort closing) {
        TestLoops.call(on, () -> {
            closing.close();
            return true;
        });
    }

    /** How an operation ended. */
    public record Ended(long doneBytes, @Nullable IoError error, List<ReadPiece> pieces) {}

    protected Ended run(Kiobuf request) {
        return run(loop, port, request);
    }

    public static Ended run(IoLoop on, MemberPort through, Kiobuf request) {
        CompletableFuture<Ended> ended = new CompletableFuture<>();
        on.execute(() -> {
            request.retain();
            MemberOp op = opOf(request, done -> {
                requireLoop(on, ended);
                ended.complete(new Ended(
                        done.doneBytes(), done.error(), request.acceptedPieces() == 0 ? List.of() : request.pieces()));
                request.endSlice();
                request.release();
            });
            through.submit(op);
            through.unplug();
            request.submitted();
        });
        return TestLoops.await(ended);
    }

    /** Every operation ends on its loop. */
    private static void requireLoop(IoLoop on, CompletableFuture<Ended> ended) {
        if (!on.inLoop()) {
            ended.completeExceptionally(new AssertionError("ended beside its loop"));
        }
    }

    /** Runs all of {@code requests} between one plug and unplug; in their order how they ended. */
    protected List<Ended> runTogether(List<Kiobuf> requests) {
        List<CompletableFuture<Ended>> all = new ArrayList<>();
        requests.forEach(request -> all.add(new CompletableFuture<>()));
        loop.execute(() -> {
            for (int i = 0; i < requests.size(); i++) {
                Kiobuf request = requests.get(i);
                CompletableFuture<Ended> one = all.get(i);
                port.submit(opOf(request, done -> {
                    requireLoop(loop, one);
                    one.complete(new Ended(done.doneBytes(), done.error(), List.of()));
                    request.endSlice();
                }));
                request.submitted();
            }
            port.unplug();
        });
        return all.stream().map(TestLoops::await).toList();
    }

    /** An operation with all of {@code request}. */
    public static MemberOp opOf(Kiobuf request, MemberOp.Listener listener) {
        MemberOp op = new MemberOp(request.op(), request.flags(), 0, request.offsetBytes(), listener);
        if (!request.op().carriesData()) {
            op.add(request, 0, request.lengthBytes());
            return op;
        }
        ChainCursor cursor = new ChainCursor(KiobufChain.of(request));
        while (cursor.hasNext()) {
            op.add(cursor.next(Long.MAX_VALUE));
        }
        return op;
    }

    protected Ended write(long offsetBytes, byte[] data, int flags, int pieceBytes) {
        return run(writeOf(loop, offsetBytes, data, pieceBytes).flags(flags));
    }

    /** A WRITE of {@code data}, to be run on {@code on}. */
    public static Kiobuf writeOf(IoLoop on, long offsetBytes, byte[] data) {
        return writeOf(on, offsetBytes, data, data.length);
    }

    private static Kiobuf writeOf(IoLoop on, long offsetBytes, byte[] data, int pieceBytes) {
        Kiobuf request = new Kiobuf(on, Op.WRITE, offsetBytes, data.length);
        for (int at = 0; at < data.length; at += pieceBytes) {
            int count = Math.min(pieceBytes, data.length - at);
            ByteBuf memory = PooledByteBufAllocator.DEFAULT.directBuffer(count + 1);
            memory.setBytes(1, data, at, count);
            request.add(Fragment.of(memory, 1, count));
        }
        return request;
    }

    /** A durable WRITE of {@code data}, in pieces that stand in a pipe and in memory by turns; in a pipe after so many waits. */
    protected Ended writePiped(long offsetBytes, byte[] data, int pieceBytes, int waits) {
        Kiobuf request = new Kiobuf(loop, Op.WRITE, offsetBytes, data.length).flags(Kiobuf.FUA);
        boolean piped = true;
        for (int at = 0; at < data.length; at += pieceBytes) {
            int count = Math.min(pieceBytes, data.length - at);
            if (piped) {
                byte[] piece = Arrays.copyOfRange(data, at, at + count);
                request.add(Fragment.of(PipedPayloads.slow(pool, piece, waits)));
            } else {
                ByteBuf memory =
                        PooledByteBufAllocator.DEFAULT.directBuffer(count).writeBytes(data, at, count);
                request.add(Fragment.of(memory, 0, count));
            }
            piped = !piped;
        }
        return run(request);
    }

    protected void write(long offsetBytes, byte[] data) {
        Ended ended = write(offsetBytes, data, 0, data.length);
        assertThat(ended.error).isNull();
        assertThat(ended.doneBytes).isEqualTo(data.length);
    }

    protected byte[] read(long offsetBytes, int lengthBytes, int pieceBytes) {
        Kiobuf request = new Kiobuf(loop, Op.READ, offsetBytes, lengthBytes);
        List<ByteBuf> memory = new ArrayList<>();
        byte[] garbage = new byte[pieceBytes];
        Arrays.fill(garbage, (byte) 0x5a);
        for (int at = 0; at < lengthBytes; at += pieceBytes) {
            int count = Math.min(pieceBytes, lengthBytes - at);
            ByteBuf piece = PooledByteBufAllocator.DEFAULT.directBuffer(count);
            piece.setBytes(0, garbage, 0, count);
            memory.add(piece.retain());
            request.add(Fragment.of(piece, 0, count));
        }
        Ended ended = run(request);
        assertThat(ended.error).isNull();
        byte[] bytes = new byte[lengthBytes];
        int at = 0;
        for (ByteBuf piece : memory) {
            int count = Math.min(pieceBytes, lengthBytes - at);
            piece.getBytes(0, bytes, at, count);
            at += count;
            piece.release();
        }
        return bytes;
    }

    /** A READ into {@code into}, however it ends. */
    public static Ended readInto(IoLoop on, MemberPort through, long offsetBytes, byte[] into) {
        ByteBuf memory = PooledByteBufAllocator.DEFAULT.directBuffer(into.length);
        Kiobuf request =
                new Kiobuf(on, Op.READ, offsetBytes, into.length).add(Fragment.of(memory.retain(), 0, into.length));
        Ended ended = run(on, through, request);
        memory.getBytes(0, into).release();
        return ended;
    }

    protected byte[] read(long offsetBytes, int lengthBytes) {
        return read(offsetBytes, lengthBytes, lengthBytes);
    }

    protected Ended range(Op op, long offsetBytes, long lengthBytes, int flags) {
        return run(new Kiobuf(loop, op, offsetBytes, lengthBytes).flags(flags));
    }

    public static byte[] pattern(int lengthBytes, long seed) {
        byte[] bytes = new byte[lengthBytes];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }
}
