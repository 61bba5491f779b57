package org.kiobd.store.file;

import io.netty.channel.IoEvent;
import io.netty.channel.IoEventLoop;
import io.netty.channel.IoRegistration;
import io.netty.channel.uring.IoUringIoEvent;
import io.netty.channel.uring.IoUringIoHandle;
import io.netty.channel.uring.IoUringIoOps;
import io.netty.util.concurrent.Future;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kiobd.store.MemberOp;
import org.kiobd.volume.IoError;
import org.kiobd.volume.kiobuf.Op;
import org.kiobd.volume.loop.IoLoop;
import org.kiobd.volume.loop.NettyIoLoop;

/**
 * Does READs and WRITEs of a file in the io_uring that also drives the sockets of the loop, one ring operation at a time each; the loop's
 * next system call submits them. A part of {@link FilePort}. Confined to its loop.
 */
final class RingTransfers implements IoUringIoHandle {
    /** Opcodes of io_uring_enter(2). */
    private static final byte IORING_OP_READV = 1;

    private static final byte IORING_OP_WRITEV = 2;
    private static final byte IORING_OP_READ = 22;
    private static final byte IORING_OP_WRITE = 23;

    private final OpenFile file;
    private final Ending ending;
    private final ArrayDeque<MemberOp> beforeRegistration = new ArrayDeque<>();
    private final List<Transfer> transfers = new ArrayList<>();
    private final ArrayDeque<Transfer> free = new ArrayDeque<>();
    private @Nullable IoRegistration registration;
    private @Nullable Throwable registrationFailure;
    private boolean closed;

    /** An operation in the ring, and its gather list for the kernel. Reused. */
    private static final class Transfer {
        final int slot;
        final Iovecs iovecs = new Iovecs();

        @Nullable
        MemberOp op;

        long doneBytes;

        Transfer(int slot) {
            this.slot = slot;
        }
    }

    /** Receives the result of a transfer; on the loop. */
    @FunctionalInterface
    interface Ending {
        void ended(MemberOp op, long doneBytes, int errno);
    }

    /** Registers with the ring of {@code loop}; returns null if the loop has none. */
    static @Nullable RingTransfers open(OpenFile file, IoLoop loop, Ending ending) {
        boolean hasRing = loop instanceof NettyIoLoop netty
                && netty.eventLoop() instanceof IoEventLoop eventLoop
                && eventLoop.isCompatible(IoUringIoHandle.class);
        return hasRing ? new RingTransfers(file, (NettyIoLoop) loop, ending) : null;
    }

    private RingTransfers(OpenFile file, NettyIoLoop loop, Ending ending) {
        this.file = file;
        this.ending = ending;
        ((IoEventLoop) loop.eventLoop()).register(this).addListener((Future<IoRegistration> registering) -> {
            if (registering.isSuccess()) {
                loop.execute(() -> registered(registering.getNow()));
            } else {
                loop.execute(() -> registrationFailed(registering.cause()));
            }
        });
    }

    private void registered(IoRegistration newRegistration) {
        registration = newRegistration;
        if (closed) {
            newRegistration.cancel();
        }
        MemberOp op = beforeRegistration.poll();
        while (op != null) {
            submit(op);
            op = beforeRegistration.poll();
        }
    }

    private void registrationFailed(Throwable cause) {
        registrationFailure = cause;
        MemberOp op = beforeRegistration.poll();
        while (op != null) {
            op.complete(0, IoError.IO);
            op = beforeRegistration.poll();
        }
    }

    /** Starts a READ or WRITE. */
    void submit(MemberOp op) {
        if (registrationFailure != null) {
            op.complete(0, IoError.IO);
        } else if (registration == null) {
            beforeRegistration.add(op);
        } else {
            Transfer transfer = free.poll();
            if (transfer == null) {
                transfer = new Transfer(transfers.size());
                transfers.add(transfer);
            }
            transfer.op = op;
            transfer.doneBytes = 0;
            queue(registration, transfer, op);
        }
    }

    /** Puts the remaining bytes of a transfer into the ring. */
    private void queue(IoRegistration ring, Transfer transfer, MemberOp op) {
        Iovecs iovecs = transfer.iovecs;
        iovecs.fill(op.payload(), transfer.doneBytes);
        boolean single = iovecs.entries() == 1;
        boolean reading = op.op() == Op.READ;
        byte opcode =
                single ? reading ? IORING_OP_READ : IORING_OP_WRITE : reading ? IORING_OP_READV : IORING_OP_WRITEV;
        long position = file.dataOffsetBytes() + op.offsetBytes() + transfer.doneBytes;
        long address = single ? iovecs.firstAddress() : iovecs.address();
        int length = single ? (int) iovecs.bytes() : iovecs.entries();
        file.submittedOps().increment();
        ring.submit(new IoUringIoOps(
                opcode,
                (byte) 0,
                (short) 0,
                file.dataFd(),
                position,
                address,
                length,
                0,
                (long) transfer.slot,
                (short) 0,
                (short) 0,
                0,
                0));
    }

    @Override
    public void handle(IoRegistration ring, IoEvent event) {
        IoUringIoEvent completed = (IoUringIoEvent) event;
        Transfer transfer = transfers.get((int) completed.userData());
        MemberOp op = transfer.op;
        if (op == null) {
            throw new IllegalStateException("completion for a free slot: " + completed);
        }
        int result = completed.res();
        if (result > 0) {
            transfer.doneBytes += result;
            if (op.op() == Op.READ && file.isBehindPromise(op, transfer.doneBytes)) {
                endOfFile(transfer, op);
            } else if (transfer.doneBytes < op.lengthBytes()) {
                queue(ring, transfer, op);
            } else {
                end(transfer, op, 0);
            }
        } else if (result < 0 && Errno.isTransient(-result)) {
            queue(ring, transfer, op);
        } else if (result == 0 && op.op() == Op.READ) {
            endOfFile(transfer, op);
        } else {
            end(transfer, op, result == 0 ? Errno.EINVAL : -result);
        }
    }

    private void endOfFile(Transfer transfer, MemberOp op) {
        OpenFile.Outcome outcome = file.ended(op, transfer.doneBytes);
        transfer.doneBytes = outcome.doneBytes();
        end(transfer, op, outcome.errno());
    }

    private void end(Transfer transfer, MemberOp op, int errno) {
        long doneBytes = transfer.doneBytes;
        transfer.op = null;
        free.push(transfer);
        ending.ended(op, doneBytes, errno);
    }

    /** Cancels the registration; if it is still pending, {@link #registered} does that. Also called by the ring when its loop ends. */
    @Override
    public void close() {
        closed = true;
        if (registration != null && registration.isValid()) {
            registration.cancel();
        }
    }
}
