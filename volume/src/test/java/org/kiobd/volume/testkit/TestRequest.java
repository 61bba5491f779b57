package org.kiobd.volume.testkit;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.kiobd.volume.IoError;
import org.kiobd.volume.ReadPiece;
import org.kiobd.volume.kiobuf.Completion;
import org.kiobd.volume.kiobuf.Fragment;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.KiobufChain;
import org.kiobd.volume.kiobuf.Op;
import org.kiobd.volume.kiobuf.PagePool;
import org.kiobd.volume.kiobuf.PipedPayload;
import org.kiobd.volume.loop.IoLoop;

/**
 * A request and what became of it. Its fragments come in every shape: one, many, single bytes, empty ones between, several in one
 * buffer, never at a buffer's beginning, in a pipe. Belongs to its loop; {@link #done()} may be waited for anywhere.
 */
public final class TestRequest implements Completion.Notifier {
    private static final int ONE_BYTE_SHAPE_MAX_BYTES = 300;
    private static final int MARGIN_BYTES = 3;
    private static final int PAGE_BYTES = 4096;
    private static final PagePool POOL = new PagePool(1, 1);

    private final Kiobuf kiobuf;
    private final byte[] data;
    private final CompletableFuture<TestRequest> done = new CompletableFuture<>();
    private int completions;
    private boolean onLoop = true;
    private @Nullable IoError error;

    private TestRequest(Kiobuf kiobuf, byte[] data) {
        this.kiobuf = kiobuf;
        this.data = data;
        kiobuf.addNotifier(this);
    }

    /** A WRITE of {@code data}, which is copied into fragments of a shape that {@code random} picks; some of one fragment into a pipe. */
    public static TestRequest write(IoLoop loop, long offsetBytes, byte[] data, Random random) {
        Kiobuf kiobuf = new Kiobuf(loop, Op.WRITE, offsetBytes, data.length);
        boolean mayBePiped = (offsetBytes / PAGE_BYTES + data.length / PAGE_BYTES) % 3 == 0
                && data.length > 0
                && data.length <= PipedPayload.MAX_BYTES;
        PipedPayload piped = mayBePiped ? PipedPayload.of(POOL, data.length) : null;
        if (piped != null) {
            // Slow or not, which is not left to random: what a seed once meant it still means.
            PipedPayloads.fill(piped, data, (int) (offsetBytes / PAGE_BYTES % 2) * 3);
            kiobuf.add(Fragment.of(piped));
        } else {
            addFragments(kiobuf, data, random);
        }
        return new TestRequest(kiobuf, data);
    }

    /** A READ into fragments of a shape that {@code random} picks; their content beforehand is not zeros. */
    public static TestRequest read(IoLoop loop, long offsetBytes, int lengthBytes, Random random) {
        Kiobuf kiobuf = new Kiobuf(loop, Op.READ, offsetBytes, lengthBytes);
        byte[] before = new byte[lengthBytes];
        random.nextBytes(before);
        addFragments(kiobuf, before, random);
        return new TestRequest(kiobuf, new byte[lengthBytes]);
    }

    /** A request without memory. */
    public static TestRequest range(IoLoop loop, Op op, long offsetBytes, long lengthBytes) {
        return new TestRequest(new Kiobuf(loop, op, offsetBytes, lengthBytes), new byte[0]);
    }

    public static TestRequest flush(IoLoop loop) {
        return range(loop, Op.FLUSH, 0, 0);
    }

    private static void addFragments(Kiobuf kiobuf, byte[] bytes, Random random) {
        int shape = random.nextInt(5);
        int at = 0;
        ByteBuf shared = PooledByteBufAllocator.DEFAULT
                .directBuffer(bytes.length + MARGIN_BYTES)
                .setBytes(MARGIN_BYTES, bytes);
        while (at < bytes.length) {
            int rest = bytes.length - at;
            int count = switch (shape) {
                case 0 -> rest;
                case 1 -> rest <= ONE_BYTE_SHAPE_MAX_BYTES ? 1 : 1 + random.nextInt(rest);
                case 2 -> Math.min(rest, 4096);
                default -> 1 + random.nextInt(Math.min(rest, 9000));
            };
            if (shape == 3) {
                kiobuf.add(Fragment.of(shared.retain(), random.nextInt(MARGIN_BYTES), 0));
            }
            if (shape == 4) {
                ByteBuf own =
                        PooledByteBufAllocator.DEFAULT.directBuffer(count + 1).setBytes(1, bytes, at, count);
                kiobuf.add(Fragment.of(own, 1, count));
            } else {
                kiobuf.add(Fragment.of(shared.retain(), MARGIN_BYTES + at, count));
            }
            at += count;
        }
        shared.release();
    }

    public TestRequest flags(int flags) {
        kiobuf.flags(flags);
        return this;
    }

    /** Lets a READ be answered with holes. */
    public TestRequest acceptHoles() {
        kiobuf.accept(ReadPiece.ACCEPT_HOLE);
        return this;
    }

    public Kiobuf kiobuf() {
        return kiobuf;
    }

    public KiobufChain chain() {
        return KiobufChain.of(kiobuf);
    }

    @Override
    public void completed(Completion completion, @Nullable IoError newError) {
        completions++;
        error = newError;
        onLoop = kiobuf.loop().inLoop();
        if (kiobuf.op() == Op.READ && newError == null) {
            collect();
        }
        done.complete(this);
    }

    private void collect() {
        long at = 0;
        for (ReadPiece piece : kiobuf.pieces()) {
            if (piece instanceof ReadPiece.Memory memory) {
                memory.fragment().memory().getBytes(memory.fragment().offsetBytes(), data, (int) at, (int)
                        piece.lengthBytes());
            } else if (!(piece instanceof ReadPiece.Hole) || (kiobuf.acceptedPieces() & ReadPiece.ACCEPT_HOLE) == 0) {
                throw new AssertionError("a piece that was not accepted: " + piece);
            }
            at += piece.lengthBytes();
        }
        if (at != kiobuf.lengthBytes()) {
            throw new AssertionError("pieces cover " + at + " bytes of " + kiobuf);
        }
    }

    /** Ends, with this, when the request has. */
    public CompletableFuture<TestRequest> done() {
        return done;
    }

    public boolean isDone() {
        return completions > 0;
    }

    /** How often it ended: 1 when all is well. */
    public int completions() {
        return completions;
    }

    /** Whether its end was told on its loop. */
    public boolean endedOnItsLoop() {
        return onLoop;
    }

    public @Nullable IoError error() {
        return error;
    }

    /** The bytes written, or those that were read. */
    public byte[] data() {
        return data;
    }

    @Override
    public String toString() {
        return kiobuf + " completions=" + completions + " error=" + error;
    }
}
