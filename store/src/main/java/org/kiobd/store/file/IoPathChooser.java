package org.kiobd.store.file;

import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.kiobd.store.MemberOp;
import org.kiobd.volume.ReadPiece;

/**
 * Chooses the {@link IoPath} of each operation of a file by the table in docs/ARCHITECTURE.md; nothing else does. The rule behind the
 * table: a call on the loop takes the least CPU time, needs no hand-over, and finds a payload just received still in the CPU cache; but
 * it must not block, because all connections of the loop would wait.
 *
 * <p>RWF_NOWAIT does not work for buffered writes on ext4, so whether a WRITE would block is estimated. It must cover whole pages, because
 * the kernel might have to read a partial page first, and {@link PageCacheRoom} must have room.
 *
 * <p>One for each port; confined to its loop.
 */
final class IoPathChooser {
    private static final int PAGE_BYTES = 4096;

    private final OpenFile file;
    private final @Nullable DirectFile direct;
    private final SplicedWrites splices;
    private final IoPath waiting;
    private final FileTuning tuning;
    private final PageCacheRoom room;
    private boolean readsRefused;

    /**
     * @param splices answers whether the file accepts splice(2)
     * @param waiting the path of transfers that may block: {@link IoPath#RING} or {@link IoPath#THREADS}
     * @param clock source of time, as {@link System#nanoTime}
     */
    IoPathChooser(OpenFile file, SplicedWrites splices, IoPath waiting, FileRuntime runtime, LongSupplier clock) {
        this.file = file;
        this.direct = file.direct();
        this.splices = splices;
        this.waiting = waiting;
        this.tuning = runtime.tuning();
        this.room = new PageCacheRoom(runtime.dirtyRoom(), tuning, clock);
    }

    /** Returns the path of {@code op}. A READ for which the answer is {@link IoPath#NONE} has its pieces already. */
    IoPath of(MemberOp op) {
        return switch (op.op()) {
            case READ -> ofRead(op);
            case WRITE -> ofWrite(op);
            case FLUSH -> IoPath.SYNC;
            case TRIM, WRITE_ZEROES -> IoPath.THREADS;
            // Direct reads would not use the cached pages.
            case CACHE -> direct == null ? IoPath.THREADS : IoPath.NONE;
        };
    }

    private IoPath ofRead(MemberOp op) {
        boolean bounced = direct != null && !direct.takes(op);
        if ((!bounced || op.accepts(ReadPiece.ACCEPT_HOLE)) && file.extents().answers(op)) {
            return IoPath.NONE;
        }
        if (bounced) {
            return IoPath.BOUNCE;
        }
        boolean mayCall = direct == null && !readsRefused && tuning.calls() != FileTuning.Calls.NEVER;
        return mayCall && op.entries() <= Iovecs.MAX_ENTRIES ? IoPath.CALL : waiting;
    }

    private IoPath ofWrite(MemberOp op) {
        if (direct != null) {
            return direct.takes(op) ? waiting : IoPath.BOUNCE;
        }
        if (!mayCall(op)) {
            return waiting;
        }
        if (!splices.takes(op.payload())) {
            return IoPath.CALL;
        }
        boolean beside = op.payload().isHandedOver() || op.payload().cameSlowly();
        return beside ? IoPath.SPLICE_BESIDE_LOOP : IoPath.SPLICE;
    }

    private boolean mayCall(MemberOp op) {
        return switch (tuning.calls()) {
            case NEVER -> false;
            case ALWAYS -> true;
            // A thread has a part of a payload that was handed over: the other parts have to follow.
            case WHILE_THEY_RETURN_AT_ONCE ->
                isWholePages(op)
                        && (room.hasRoom(op.lengthBytes()) || op.payload().isHandedOver());
        };
    }

    private boolean isWholePages(MemberOp op) {
        return (file.dataOffsetBytes() + op.offsetBytes()) % PAGE_BYTES == 0 && op.lengthBytes() % PAGE_BYTES == 0;
    }

    /** Returns the path of a READ that was tried by {@link IoPath#CALL} and whose data is not cached. */
    IoPath waiting() {
        return waiting;
    }

    /** Notes that the kernel does not support RWF_NOWAIT for this file. */
    void readsRefused() {
        readsRefused = true;
    }

    /** Notes how long a WRITE to the page cache took, on the loop or beside it. */
    void took(long nanos) {
        room.took(nanos);
    }
}
