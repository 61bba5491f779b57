package org.kiobd.manage.image;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import java.util.ArrayDeque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.ByteRange;
import org.kiobd.volume.Extent;
import org.kiobd.volume.IoError;

/** Reads all data that a device stores, with several pieces in flight, and finds the ranges that cannot be read. Used by one thread. */
public final class DeviceScrub {
    private static final int PIECE_BYTES = 1 << 20;
    private static final int PIECES_UNDER_WAY = 8;

    /** Unit in which unreadable ranges are reported. */
    private static final int BLOCK_BYTES = 4096;

    private final DeviceAccess device;
    private final long bytesPerSecond;
    private final Listener listener;
    private final ArrayDeque<Piece> underWay = new ArrayDeque<>();
    private long startNanos;
    private long readBytes;
    private @Nullable ByteRange bad;
    private IoError badError = IoError.IO;

    /** Receives the progress and the unreadable ranges, each in the order of the device. */
    public interface Listener {
        /** Reports that everything before {@code endBytes} is done: {@code bytes} since the last call, holes included. */
        void done(long endBytes, long bytes) throws BlockIoException;

        /** Reports that {@code range} cannot be read. */
        void bad(ByteRange range, IoError error);
    }

    private record Piece(
            long offsetBytes, int lengthBytes, @Nullable ByteBuf memory, CompletableFuture<@Nullable Void> read) {}

    /** @param bytesPerSecond maximum rate; 0 for no limit */
    public DeviceScrub(DeviceAccess device, long bytesPerSecond, Listener listener) {
        this.device = device;
        this.bytesPerSecond = bytesPerSecond;
        this.listener = listener;
    }

    /**
     * Reads from {@code offsetBytes} to the end.
     *
     * @return number of data bytes read
     */
    public long run(long offsetBytes) throws BlockIoException {
        startNanos = System.nanoTime();
        long at = offsetBytes;
        try {
            while (at < device.sizeBytes()) {
                for (Extent extent : device.extents(at)) {
                    at = extent.kind() == Extent.Kind.DATA
                            ? data(at, extent.lengthBytes())
                            : hole(at, extent.lengthBytes());
                }
            }
            while (!underWay.isEmpty()) {
                endOldest();
            }
            tellBad();
            return readBytes;
        } finally {
            for (Piece piece : underWay) {
                piece.read.handle((done, failure) -> failure).join();
                release(piece);
            }
        }
    }

    private long data(long offsetBytes, long lengthBytes) throws BlockIoException {
        long at = offsetBytes;
        while (at < offsetBytes + lengthBytes) {
            int bytes = (int) Math.min(PIECE_BYTES, offsetBytes + lengthBytes - at);
            ByteBuf memory = memory(bytes);
            begun(new Piece(at, bytes, memory, device.read(at, memory, bytes)));
            at += bytes;
        }
        return at;
    }

    /** Queues a hole like data, because progress is reported in order. */
    private long hole(long offsetBytes, long lengthBytes) throws BlockIoException {
        long at = offsetBytes;
        while (at < offsetBytes + lengthBytes) {
            int bytes = (int) Math.min(Integer.MAX_VALUE, offsetBytes + lengthBytes - at);
            begun(new Piece(at, bytes, null, CompletableFuture.completedFuture(null)));
            at += bytes;
        }
        return at;
    }

    private static ByteBuf memory(int bytes) {
        return PooledByteBufAllocator.DEFAULT.directBuffer(bytes, bytes).writerIndex(bytes);
    }

    private static void release(Piece piece) {
        if (piece.memory != null) {
            piece.memory.release();
        }
    }

    private void begun(Piece piece) throws BlockIoException {
        underWay.add(piece);
        if (underWay.size() >= PIECES_UNDER_WAY) {
            endOldest();
        }
    }

    private void endOldest() throws BlockIoException {
        Piece piece = underWay.remove();
        try {
            piece.read.handle((done, failure) -> failure).join();
            if (piece.memory != null) {
                readBytes += piece.lengthBytes;
                if (piece.read.isCompletedExceptionally()) {
                    look(piece.offsetBytes, piece.lengthBytes, piece.memory);
                }
            }
        } finally {
            release(piece);
        }
        // A range of bad blocks is reported at its end; a scrub that resumes before that must read it again.
        ByteRange untold = bad;
        long endBytes = untold == null ? piece.offsetBytes + piece.lengthBytes : untold.offsetBytes();
        listener.done(endBytes, piece.lengthBytes);
        slowDown();
    }

    /** Reads a piece again, block by block, to find the bad blocks. */
    private void look(long offsetBytes, int lengthBytes, ByteBuf memory) throws BlockIoException {
        long endBytes = offsetBytes + lengthBytes;
        long at = offsetBytes;
        while (at < endBytes) {
            int bytes = (int) Math.min(BLOCK_BYTES - at % BLOCK_BYTES, endBytes - at);
            try {
                DeviceAccess.await(device.read(at, memory, bytes));
            } catch (BlockIoException e) {
                addBad(at, bytes, e.error());
            }
            at += bytes;
        }
    }

    private void addBad(long offsetBytes, int lengthBytes, IoError error) {
        ByteRange before = bad;
        if (before != null && before.offsetBytes() + before.lengthBytes() == offsetBytes && badError == error) {
            bad = new ByteRange(before.offsetBytes(), before.lengthBytes() + lengthBytes);
            return;
        }
        tellBad();
        bad = new ByteRange(offsetBytes, lengthBytes);
        badError = error;
    }

    private void tellBad() {
        ByteRange range = bad;
        if (range != null) {
            bad = null;
            listener.bad(range, badError);
        }
    }

    private void slowDown() {
        if (bytesPerSecond > 0) {
            long dueNanos = (long) (readBytes / (double) bytesPerSecond * TimeUnit.SECONDS.toNanos(1));
            long earlyNanos = startNanos + dueNanos - System.nanoTime();
            while (earlyNanos > 0 && !Thread.currentThread().isInterrupted()) {
                LockSupport.parkNanos(earlyNanos);
                earlyNanos = startNanos + dueNanos - System.nanoTime();
            }
        }
    }
}
