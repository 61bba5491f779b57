package org.kiobd.manage.image;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;
import org.kiobd.store.file.SystemErrors;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.Extent;

/**
 * Copies a device to another one, or to a stream, with several pieces in flight: reads only stored data, and writes to a device only data
 * that is not zeros. Used by one thread.
 */
public final class DeviceCopy {
    private static final int PIECE_BYTES = 1 << 20;
    private static final int PIECES_UNDER_WAY = 16;

    private final DeviceAccess from;
    private final LongConsumer progress;
    private final ArrayDeque<CompletableFuture<?>> underWay = new ArrayDeque<>();

    /** Pieces end on the loops of both devices, and on the thread of the caller. */
    private final LongAdder dataBytes = new LongAdder();

    /** @param progress receives the number of bytes finished since its last call, holes included */
    public DeviceCopy(DeviceAccess from, LongConsumer progress) {
        this.from = from;
        this.progress = progress;
    }

    /** Handles the data and the holes of the device, from its start to its end. */
    private interface Steps {
        void data(long offsetBytes, int lengthBytes) throws BlockIoException;

        void hole(long offsetBytes, long lengthBytes) throws BlockIoException;
    }

    private void walk(Steps steps) throws BlockIoException {
        long at = 0;
        while (at < from.sizeBytes()) {
            for (Extent extent : from.extents(at)) {
                long endBytes = at + extent.lengthBytes();
                if (extent.kind() == Extent.Kind.DATA) {
                    for (; at < endBytes; at += Math.min(PIECE_BYTES, endBytes - at)) {
                        int bytes = (int) Math.min(PIECE_BYTES, endBytes - at);
                        steps.data(at, bytes);
                        progress.accept(bytes);
                    }
                } else {
                    steps.hole(at, extent.lengthBytes());
                    progress.accept(extent.lengthBytes());
                }
                at = endBytes;
            }
        }
    }

    private void begun(CompletableFuture<?> piece) throws BlockIoException {
        underWay.add(piece);
        if (underWay.size() >= PIECES_UNDER_WAY) {
            DeviceAccess.await(underWay.remove());
        }
    }

    /** Waits for all pieces, even failed ones: requests use their memory until then. */
    private void settle() {
        underWay.forEach(piece -> piece.handle((done, failure) -> failure).join());
    }

    private static ByteBuf memory(int bytes) {
        return PooledByteBufAllocator.DEFAULT.directBuffer(bytes, bytes).writerIndex(bytes);
    }

    private static boolean isZero(ByteBuf memory) {
        ByteBuffer bytes = memory.nioBuffer();
        while (bytes.remaining() >= Long.BYTES) {
            if (bytes.getLong() != 0) {
                return false;
            }
        }
        while (bytes.hasRemaining()) {
            if (bytes.get() != 0) {
                return false;
            }
        }
        return true;
    }

    /**
     * Copies the device to {@code to}, which is as large or larger, fills the rest of {@code to} with zeros, and flushes it.
     *
     * @param toIsEmpty whether {@code to} reads as zeros now, so that holes need no requests
     * @return number of data bytes written
     */
    public long copyTo(DeviceAccess to, boolean toIsEmpty) throws BlockIoException {
        try {
            walk(new Steps() {
                @Override
                public void data(long offsetBytes, int lengthBytes) throws BlockIoException {
                    ByteBuf memory = memory(lengthBytes);
                    begun(from.read(offsetBytes, memory, lengthBytes)
                            .thenCompose(read -> {
                                if (isZero(memory)) {
                                    return toIsEmpty
                                            ? CompletableFuture.completedFuture(null)
                                            : to.zero(offsetBytes, lengthBytes);
                                }
                                dataBytes.add(lengthBytes);
                                return to.write(offsetBytes, memory, lengthBytes);
                            })
                            .whenComplete((done, failure) -> memory.release()));
                }

                @Override
                public void hole(long offsetBytes, long lengthBytes) throws BlockIoException {
                    if (!toIsEmpty) {
                        begun(to.zero(offsetBytes, lengthBytes));
                    }
                }
            });
            if (!toIsEmpty && to.sizeBytes() > from.sizeBytes()) {
                begun(to.zero(from.sizeBytes(), to.sizeBytes() - from.sizeBytes()));
            }
            for (CompletableFuture<?> piece : underWay) {
                DeviceAccess.await(piece);
            }
        } finally {
            settle();
        }
        DeviceAccess.await(to.flush());
        return dataBytes.sum();
    }

    /**
     * Writes the device to {@code out}, in order, with holes as zeros.
     *
     * @return number of data bytes written
     */
    public long copyTo(OutputStream out) throws BlockIoException {
        byte[] zeros = new byte[PIECE_BYTES];
        ArrayDeque<ByteBuf> read = new ArrayDeque<>();
        try {
            walk(new Steps() {
                @Override
                public void data(long offsetBytes, int lengthBytes) throws BlockIoException {
                    ByteBuf memory = memory(lengthBytes);
                    read.add(memory);
                    underWay.add(from.read(offsetBytes, memory, lengthBytes));
                    if (read.size() >= PIECES_UNDER_WAY) {
                        writeOldest(out, read);
                    }
                }

                @Override
                public void hole(long offsetBytes, long lengthBytes) throws BlockIoException {
                    writeAll(out, read);
                    for (long left = lengthBytes; left > 0; left -= Math.min(left, PIECE_BYTES)) {
                        write(out, zeros, (int) Math.min(left, PIECE_BYTES));
                    }
                }
            });
            writeAll(out, read);
            out.flush();
            return dataBytes.sum();
        } catch (BlockIoException e) {
            throw e;
        } catch (IOException e) {
            throw SystemErrors.failure("cannot write", e);
        } finally {
            settle();
            read.forEach(ByteBuf::release);
        }
    }

    private void writeAll(OutputStream out, ArrayDeque<ByteBuf> read) throws BlockIoException {
        while (!read.isEmpty()) {
            writeOldest(out, read);
        }
    }

    private void writeOldest(OutputStream out, ArrayDeque<ByteBuf> read) throws BlockIoException {
        DeviceAccess.await(underWay.remove());
        ByteBuf memory = read.remove();
        try {
            byte[] bytes = new byte[memory.readableBytes()];
            memory.readBytes(bytes);
            dataBytes.add(bytes.length);
            write(out, bytes, bytes.length);
        } finally {
            memory.release();
        }
    }

    private static void write(OutputStream out, byte[] bytes, int length) throws BlockIoException {
        try {
            out.write(bytes, 0, length);
        } catch (IOException e) {
            throw SystemErrors.failure("cannot write", e);
        }
    }

    /**
     * Reads both devices again and compares them.
     *
     * @return offset of the first difference; -1 if {@code other} begins with the same bytes
     */
    public long firstDifference(DeviceAccess other) throws BlockIoException {
        long[] found = {-1};
        walk(new Steps() {
            @Override
            public void data(long offsetBytes, int lengthBytes) throws BlockIoException {
                compare(other, offsetBytes, lengthBytes, found);
            }

            @Override
            public void hole(long offsetBytes, long lengthBytes) throws BlockIoException {
                long at = offsetBytes;
                while (at < offsetBytes + lengthBytes) {
                    Extent extent = other.extents(at).get(0);
                    long bytes = Math.min(extent.lengthBytes(), offsetBytes + lengthBytes - at);
                    if (extent.kind() == Extent.Kind.DATA) {
                        bytes = Math.min(bytes, PIECE_BYTES);
                        compare(other, at, (int) bytes, found);
                    }
                    at += bytes;
                }
            }
        });
        return found[0];
    }

    private void compare(DeviceAccess other, long offsetBytes, int lengthBytes, long[] found) throws BlockIoException {
        if (found[0] >= 0) {
            return;
        }
        ByteBuf mine = memory(lengthBytes);
        ByteBuf theirs = memory(lengthBytes);
        CompletableFuture<@Nullable Void> first = from.read(offsetBytes, mine, lengthBytes);
        CompletableFuture<@Nullable Void> second = other.read(offsetBytes, theirs, lengthBytes);
        try {
            CompletableFuture.allOf(first, second)
                    .handle((done, failure) -> failure)
                    .join();
            DeviceAccess.await(first);
            DeviceAccess.await(second);
            int at = mine.nioBuffer().mismatch(theirs.nioBuffer());
            if (at >= 0) {
                found[0] = offsetBytes + at;
            }
        } finally {
            mine.release();
            theirs.release();
        }
    }
}
