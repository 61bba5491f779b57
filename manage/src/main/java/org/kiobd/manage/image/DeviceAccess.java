package org.kiobd.manage.image;

import io.netty.buffer.ByteBuf;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;
import org.kiobd.volume.BlockDevice;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.ByteRange;
import org.kiobd.volume.Extent;
import org.kiobd.volume.IoError;
import org.kiobd.volume.kiobuf.Fragment;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.KiobufChain;
import org.kiobd.volume.kiobuf.Op;
import org.kiobd.volume.loop.NettyIoLoop;

/**
 * Access to a device that is not served, for a thread that may block. Borrows the device and the loop; futures complete on the loop. Any
 * thread.
 */
public final class DeviceAccess {
    private static final int MAX_EXTENTS = 4096;

    private final BlockDevice device;
    private final NettyIoLoop loop;

    public DeviceAccess(BlockDevice device, NettyIoLoop loop) {
        this.device = device;
        this.loop = loop;
    }

    long sizeBytes() {
        return device.sizeBytes();
    }

    String name() {
        return device.info().name();
    }

    /** Reads into {@code into} from index 0 on; borrows it. */
    CompletableFuture<@Nullable Void> read(long offsetBytes, ByteBuf into, int lengthBytes) {
        return submit(with(new Kiobuf(loop, Op.READ, offsetBytes, lengthBytes), into, lengthBytes));
    }

    /** Writes {@code from} from index 0 on; borrows it. */
    CompletableFuture<@Nullable Void> write(long offsetBytes, ByteBuf from, int lengthBytes) {
        return submit(with(new Kiobuf(loop, Op.WRITE, offsetBytes, lengthBytes), from, lengthBytes));
    }

    CompletableFuture<@Nullable Void> zero(long offsetBytes, long lengthBytes) {
        return submit(new Kiobuf(loop, Op.WRITE_ZEROES, offsetBytes, lengthBytes));
    }

    CompletableFuture<@Nullable Void> flush() {
        return submit(new Kiobuf(loop, Op.FLUSH, 0, 0));
    }

    private static Kiobuf with(Kiobuf request, ByteBuf memory, int lengthBytes) {
        return request.add(Fragment.of(memory.retain(), 0, lengthBytes));
    }

    private CompletableFuture<@Nullable Void> submit(Kiobuf request) {
        CompletableFuture<@Nullable Void> done = new CompletableFuture<>();
        String what = request.op() + " of " + new ByteRange(request.offsetBytes(), request.lengthBytes());
        request.addNotifier((completion, error) -> {
            if (error == null) {
                done.complete(null);
            } else {
                done.completeExceptionally(
                        new BlockIoException(error, name() + ": " + what + " failed: " + words(error)));
            }
        });
        loop.execute(() -> {
            device.submit(KiobufChain.of(request));
            device.unplug(loop);
        });
        return done;
    }

    private static String words(IoError error) {
        return switch (error) {
            case NO_SPACE -> "no space left on the file system it is on; free some and try again";
            case NO_MEMORY -> "no memory or open files left; try again when there are some";
            case NOT_PERMITTED -> "permission denied; use an account that has permission";
            case IO -> "its medium fails (input/output error); kiobd scrub finds what can be read";
            case INVALID, NOT_SUPPORTED, OVERFLOW, DROPPED -> error.toString();
        };
    }

    /** Returns the extents from {@code offsetBytes} on: at least one, perhaps not up to the end. Blocks. */
    List<Extent> extents(long offsetBytes) throws BlockIoException {
        CompletableFuture<List<Extent>> answer = new CompletableFuture<>();
        ByteRange rest = new ByteRange(offsetBytes, device.sizeBytes() - offsetBytes);
        loop.execute(() -> device.extents(loop, rest, MAX_EXTENTS).whenComplete((extents, failure) -> {
            if (failure == null) {
                answer.complete(extents);
            } else {
                answer.completeExceptionally(failure);
            }
        }));
        return await(answer);
    }

    /** Waits for the future; throws the {@link BlockIoException} that made it fail. */
    static <T extends @Nullable Object> T await(CompletableFuture<T> future) throws BlockIoException {
        try {
            return future.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new BlockIoException(IoError.IO, "interrupted", e);
        } catch (ExecutionException e) {
            for (Throwable cause = e; cause != null; cause = cause.getCause()) {
                if (cause instanceof BlockIoException told) {
                    throw told;
                }
            }
            throw new BlockIoException(IoError.IO, String.valueOf(e.getCause()), e);
        }
    }
}
