package org.kiobd.store.file;

import java.util.Locale;
import java.util.function.LongSupplier;
import org.kiobd.store.MemberOp;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;
import org.kiobd.volume.loop.IoLoop;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Copies data between requests and the page cache by system calls on the loop itself, if the calls will not block. This takes the least
 * CPU time, needs no hand-over, and a payload just received is still in the CPU cache when it is written. Transfers that may block go
 * through the ring or to the file threads. Confined to its loop.
 *
 * <ul>
 *   <li>READ: preadv2(2) with RWF_NOWAIT reads cached data and fails for any other.
 *   <li>WRITE: RWF_NOWAIT does not work for buffered writes on ext4, so the decision is made in advance. A WRITE must cover whole pages,
 *       because the kernel might have to read a partial page first, and {@link DirtyRoom} must expect that the kernel does not throttle
 *       writers. If a call blocked nevertheless, the next ones stay off the loop for a while, and longer each time. A thread writes a large
 *       payload that arrived slowly ({@link WriteLane}), because its client can send no more until the loop has received the data it sent.
 * </ul>
 *
 * The system property {@code kiobd.file.inline} ({@code never}, {@code auto}, {@code always}) serves to measure the gain.
 */
final class InlineTransfers {
    /** When to make calls on the loop. */
    enum Policy {
        NEVER,
        AUTO,
        ALWAYS;

        private static final String PROPERTY = "kiobd.file.inline";

        /** Returns the policy that the system property names; {@link #AUTO} if it is not set. */
        static Policy configured() throws BlockIoException {
            String value = System.getProperty(PROPERTY, "auto");
            for (Policy policy : values()) {
                if (policy.name().toLowerCase(Locale.ROOT).equals(value)) {
                    return policy;
                }
            }
            throw new BlockIoException(
                    IoError.INVALID, PROPERTY + "=" + value + " is not never, auto or always; leave it out");
        }
    }

    private static final Logger LOG = LoggerFactory.getLogger(InlineTransfers.class);

    /** A call that took longer has blocked: a copy into the page cache takes microseconds per page. */
    private static final long WAITED_NANOS = 10_000_000;

    private static final long FIRST_PENALTY_NANOS = 100_000_000;
    private static final long LONGEST_PENALTY_NANOS = 30_000_000_000L;
    private static final int PAGE_BYTES = 4096;

    private final OpenFile file;
    private final WriteLane lane;
    private final Policy policy;
    private final DirtyRoom room;
    private final LongSupplier clock;
    private final Iovecs iovecs = new Iovecs();
    private final PipedWrites piped;
    private boolean readsRefused;
    private boolean banned;
    private long bannedUntilNanos;
    private long penaltyNanos = FIRST_PENALTY_NANOS;

    /** Receives the result of a WRITE; on the loop. */
    @FunctionalInterface
    interface Ending {
        void ended(MemberOp op, OpenFile.Outcome outcome);
    }

    /** A WRITE on a thread of the write lane. */
    private final class OffLoopWrite implements WriteLane.Work {
        private final MemberOp op;
        private final Ending ending;
        private OpenFile.Outcome outcome = new OpenFile.Outcome(0, Errno.EIO);
        private long tookNanos;

        OffLoopWrite(MemberOp op, Ending ending) {
            this.op = op;
            this.ending = ending;
        }

        @Override
        public void write() {
            long startNanos = clock.getAsLong();
            try {
                outcome = piped.write(op);
            } catch (RuntimeException | Error e) {
                LOG.error("{} ended by a bug", op, e);
            }
            tookNanos = clock.getAsLong() - startNanos;
        }

        @Override
        public void written() {
            took(tookNanos);
            ending.ended(op, outcome);
        }
    }

    InlineTransfers(OpenFile file, IoLoop loop, Policy policy) {
        this(file, loop, policy, DirtyRoom.ofThisMachine(), System::nanoTime);
    }

    /** @param clock source of time, as {@link System#nanoTime} */
    InlineTransfers(OpenFile file, IoLoop loop, Policy policy, DirtyRoom room, LongSupplier clock) {
        this.file = file;
        this.lane = WriteLane.of(loop);
        this.piped = new PipedWrites(file);
        this.policy = policy;
        this.room = room;
        this.clock = clock;
    }

    /** Does a READ if its whole range is in the page cache; returns false, with the READ still to be done, if it is not. */
    boolean read(MemberOp op) {
        if (readsRefused || policy == Policy.NEVER || op.entries() > Iovecs.MAX_ENTRIES) {
            return false;
        }
        iovecs.fill(op, 0);
        long moved = file.readCached(iovecs, op.offsetBytes());
        if (moved < 0 && Libc.errno() == Errno.EOPNOTSUPP) {
            readsRefused = true;
        }
        return moved == op.lengthBytes();
    }

    /** Returns whether {@link #write} may do {@code op}, a WRITE. */
    boolean mayWrite(MemberOp op) {
        return switch (policy) {
            case NEVER -> false;
            case ALWAYS -> true;
            case AUTO -> isWholePages(op) && (hasRoom(op) || op.isHandedOver());
        };
    }

    private boolean hasRoom(MemberOp op) {
        return !isBanned() && room.hasRoom(op.lengthBytes(), clock.getAsLong());
    }

    private boolean isWholePages(MemberOp op) {
        return (file.dataOffsetBytes() + op.offsetBytes()) % PAGE_BYTES == 0 && op.lengthBytes() % PAGE_BYTES == 0;
    }

    private boolean isBanned() {
        if (banned && clock.getAsLong() - bannedUntilNanos >= 0) {
            banned = false;
        }
        return banned;
    }

    /** Does a WRITE until it is complete or fails, now or on the thread of the write lane. */
    void write(MemberOp op, Ending ending) {
        if (piped.takes(op) && op.isForThread()) {
            op.handOver();
            lane.add(new OffLoopWrite(op, ending));
            return;
        }
        long startNanos = clock.getAsLong();
        OpenFile.Outcome outcome = piped.takes(op) ? piped.write(op) : file.transfer(op, iovecs);
        took(clock.getAsLong() - startNanos);
        ending.ended(op, outcome);
    }

    private void took(long nanos) {
        long endNanos = clock.getAsLong();
        if (nanos > WAITED_NANOS) {
            banned = true;
            bannedUntilNanos = endNanos + penaltyNanos;
            penaltyNanos = Math.min(LONGEST_PENALTY_NANOS, 2 * penaltyNanos);
        } else if (penaltyNanos > FIRST_PENALTY_NANOS && endNanos - bannedUntilNanos > 2 * penaltyNanos) {
            penaltyNanos = FIRST_PENALTY_NANOS;
        }
    }
}
