package org.kiobd.store.file;

import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.kiobd.store.MemberOp;
import org.kiobd.store.MemberPort;
import org.kiobd.volume.ByteRange;
import org.kiobd.volume.Extent;
import org.kiobd.volume.IoError;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.Op;
import org.kiobd.volume.loop.IoLoop;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The port of a file. Does each operation in the way that {@link IoPathChooser} chooses. Confined to its loop. */
final class FilePort implements MemberPort {
    private static final Logger LOG = LoggerFactory.getLogger(FilePort.class);

    private final OpenFile file;
    private final IoLoop loop;
    private final FileThreads fileThreads;
    private final LongSupplier clock;
    private final SplicedWrites splices;
    private final IoPathChooser paths;
    private final Iovecs iovecs = new Iovecs();
    private final WriteLane lane;
    private final ThreadedTransfers threads;
    private final @Nullable RingTransfers ring;
    private final @Nullable DirectTransfers direct;
    private boolean closed;

    /** A WRITE on the thread of the write lane. */
    private final class OffLoopWrite implements WriteLane.Work {
        private final MemberOp op;
        private OpenFile.Outcome outcome = new OpenFile.Outcome(0, Errno.EIO);
        private long tookNanos;

        OffLoopWrite(MemberOp op) {
            this.op = op;
        }

        @Override
        public void write() {
            long startNanos = clock.getAsLong();
            try {
                outcome = splices.write(op);
            } catch (RuntimeException | Error e) {
                LOG.error("{} ended by a bug", op, e);
            }
            tookNanos = clock.getAsLong() - startNanos;
        }

        @Override
        public void written() {
            paths.took(tookNanos);
            ended(op, outcome.doneBytes(), outcome.errno());
        }
    }

    FilePort(OpenFile file, IoLoop loop, FileRuntime runtime) {
        this(file, loop, runtime, System::nanoTime);
    }

    /** @param clock source of time, as {@link System#nanoTime} */
    FilePort(OpenFile file, IoLoop loop, FileRuntime runtime, LongSupplier clock) {
        this.file = file;
        this.loop = loop;
        this.fileThreads = runtime.threads();
        this.clock = clock;
        this.splices = new SplicedWrites(file);
        this.lane = fileThreads.openLane(loop);
        this.threads = new ThreadedTransfers(file, loop, fileThreads);
        this.ring = RingTransfers.open(file, loop, this::ended);
        this.direct = file.direct() == null ? null : new DirectTransfers(this, file, file.direct(), loop);
        this.paths = new IoPathChooser(file, splices, ring == null ? IoPath.THREADS : IoPath.RING, runtime, clock);
    }

    /** Returns whether transfers that may block go into the io_uring of the loop. */
    boolean hasRing() {
        return ring != null;
    }

    /** Returns the chooser of this port. */
    IoPathChooser paths() {
        return paths;
    }

    @Override
    public void submit(MemberOp op) {
        IoError refusal = file.refusal(op);
        if (refusal != null) {
            op.complete(0, refusal);
        } else if (direct != null && op.op().mutates()) {
            direct.change(op, paths.of(op));
        } else {
            go(op, paths.of(op));
        }
    }

    /** Starts a READ or WRITE that {@link DirectTransfers} made and aligned. */
    void submitAligned(MemberOp op) {
        IoError refusal = file.refusal(op);
        if (refusal != null) {
            op.complete(0, refusal);
        } else {
            go(op, paths.waiting());
        }
    }

    /** Does {@code op} by {@code path}. */
    void go(MemberOp op, IoPath path) {
        switch (path) {
            case NONE -> op.complete(op.lengthBytes(), null);
            case CALL -> call(op);
            case SPLICE -> write(op, true);
            case SPLICE_BESIDE_LOOP -> {
                op.payload().handOver();
                lane.add(new OffLoopWrite(op));
            }
            case RING -> existing(ring).submit(op);
            case THREADS -> threads.submit(op);
            case SYNC -> threads.sync(op, 0);
            case BOUNCE -> existing(direct).bounce(op);
        }
    }

    private static <T> T existing(@Nullable T part) {
        if (part == null) {
            throw new IllegalStateException("a path was chosen that this port does not have");
        }
        return part;
    }

    private void call(MemberOp op) {
        if (op.op() == Op.WRITE) {
            write(op, false);
        } else if (readCached(op)) {
            op.complete(op.lengthBytes(), null);
        } else {
            go(op, paths.waiting());
        }
    }

    /** Does a READ if its whole range is in the page cache; returns false, with the READ still to be done, if it is not. */
    private boolean readCached(MemberOp op) {
        iovecs.fill(op.payload(), 0);
        long moved = file.readCached(iovecs, op.offsetBytes());
        if (moved < 0 && Libc.errno() == Errno.EOPNOTSUPP) {
            paths.readsRefused();
        }
        return moved == op.lengthBytes();
    }

    private void write(MemberOp op, boolean spliced) {
        long startNanos = clock.getAsLong();
        OpenFile.Outcome outcome = spliced ? splices.write(op) : file.transfer(op, iovecs);
        paths.took(clock.getAsLong() - startNanos);
        ended(op, outcome.doneBytes(), outcome.errno());
    }

    /** Ends a READ or WRITE, with a sync first if it is a WRITE with FUA. */
    private void ended(MemberOp op, long doneBytes, int errno) {
        if (op.op() == Op.WRITE) {
            file.syncRounds().changed();
        }
        if (errno == 0 && op.op() == Op.WRITE && op.has(Kiobuf.FUA)) {
            threads.sync(op, doneBytes);
        } else {
            op.complete(doneBytes, OpenFile.toIoError(errno));
        }
    }

    /** Writes through the page cache, on a file thread, whatever the cache mode. Ignores FUA. */
    void writeBuffered(MemberOp op) {
        threads.writeBuffered(op);
    }

    @Override
    public CompletionStage<List<Extent>> extents(ByteRange range, int maxExtents) {
        return threads.extents(range, maxExtents);
    }

    @Override
    public void unplug() {
        threads.unplug();
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            fileThreads.closeLane(loop);
            if (ring != null) {
                ring.close();
            }
        }
    }
}
