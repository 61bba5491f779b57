package org.kiobd.volume.store.file;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.ByteRange;
import org.kiobd.volume.Extent;
import org.kiobd.volume.IoError;
import org.kiobd.volume.ReadPiece;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.Op;
import org.kiobd.volume.loop.IoLoop;
import org.kiobd.volume.store.MemberOp;
import org.kiobd.volume.store.MemberPort;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The engine for loops without a ring: operations are handed to file threads as a batch when the plug is pulled, and come back to the
 * loop in batches. Confined to its loop, but for what file threads put into the queue of finished operations.
 */
final class ThreadedMemberPort implements MemberPort {
    private static final Logger LOG = LoggerFactory.getLogger(ThreadedMemberPort.class);

    private final OpenFile file;
    private final IoLoop loop;
    private final List<MemberOp> collected = new ArrayList<>();
    private final ConcurrentLinkedQueue<Ended> ended = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean drainScheduled = new AtomicBoolean();
    private final Runnable drain = this::drain;

    /** @param holes parts of a READ to be answered as holes */
    private record Ended(MemberOp op, long doneBytes, int errno, List<OpenFile.Hole> holes) {}

    /** Operations that left the plug together. As many threads as it was given to take from it, each the next one. */
    private final class Batch implements Runnable {
        private final MemberOp[] ops;
        private final AtomicInteger next = new AtomicInteger();

        Batch(MemberOp[] ops) {
            this.ops = ops;
        }

        @Override
        public void run() {
            for (int i = next.getAndIncrement(); i < ops.length; i = next.getAndIncrement()) {
                ThreadedMemberPort.this.run(ops[i]);
            }
        }
    }

    ThreadedMemberPort(OpenFile file, IoLoop loop) {
        this.file = file;
        this.loop = loop;
    }

    @Override
    public void submit(MemberOp op) {
        if (file.forbids(op)) {
            op.complete(0, IoError.NOT_PERMITTED);
        } else if (op.op() == Op.FLUSH) {
            sync(op, 0);
        } else if (op.op() == Op.READ && op.accepts(ReadPiece.ACCEPT_FILE_EXTENT)) {
            op.place(
                    0,
                    new ReadPiece.FileExtent(file.fd(), file.dataOffsetBytes() + op.offsetBytes(), op.lengthBytes()));
            op.complete(op.lengthBytes(), null);
        } else {
            collected.add(op);
        }
    }

    @Override
    public void unplug() {
        if (collected.isEmpty()) {
            return;
        }
        Batch batch = new Batch(collected.toArray(MemberOp[]::new));
        collected.clear();
        int helpers = Math.min(batch.ops.length, FileThreads.THREADS);
        for (int i = 0; i < helpers; i++) {
            FileThreads.executor().execute(batch);
        }
    }

    /** On a file thread: what a file system has to look up may be on the disk, and there may be thousands of extents. */
    @Override
    public CompletionStage<List<Extent>> extents(ByteRange range, int maxExtents) {
        CompletableFuture<List<Extent>> answer = new CompletableFuture<>();
        FileThreads.executor().execute(() -> {
            List<Extent> extents;
            try {
                extents = file.extents(range, maxExtents);
            } catch (BlockIoException | RuntimeException e) {
                goHome(() -> answer.completeExceptionally(e));
                return;
            }
            goHome(() -> answer.complete(extents));
        });
        return answer;
    }

    private void goHome(Runnable task) {
        try {
            loop.execute(task);
        } catch (RejectedExecutionException e) {
            LOG.warn("an answer came after its loop had ended; nobody is told", e);
        }
    }

    /** Syncs, sharing the round with whoever else asks, then ends {@code op} as having done {@code doneBytes}. */
    void sync(MemberOp op, long doneBytes) {
        file.syncRounds().request(errno -> end(new Ended(op, doneBytes, errno, List.of())));
    }

    private void run(MemberOp op) {
        OpenFile.Outcome outcome;
        List<OpenFile.Hole> holes = List.of();
        try {
            if (op.op() == Op.READ && op.accepts(ReadPiece.ACCEPT_HOLE)) {
                holes = file.holes(op);
            }
            outcome = switch (op.op()) {
                case READ, WRITE ->
                    OpenFile.isAll(op, holes) ? new OpenFile.Outcome(op.lengthBytes(), 0) : file.transfer(op);
                case TRIM -> new OpenFile.Outcome(0, file.trim(op));
                case WRITE_ZEROES -> file.zero(op);
                case CACHE -> {
                    file.readAhead(op);
                    yield new OpenFile.Outcome(op.lengthBytes(), 0);
                }
                case FLUSH -> throw new IllegalStateException("FLUSH goes to the sync rounds");
            };
        } catch (RuntimeException e) {
            LOG.error("{} ended by a bug", op, e);
            outcome = new OpenFile.Outcome(0, Errno.EINVAL);
        }
        if (outcome.errno() == 0 && op.has(Kiobuf.FUA) && op.op().mutates()) {
            sync(op, op.lengthBytes());
        } else {
            end(new Ended(op, outcome.doneBytes(), outcome.errno(), holes));
        }
    }

    /** On any thread: sends the operation home. */
    private void end(Ended operation) {
        ended.add(operation);
        if (drainScheduled.compareAndSet(false, true)) {
            goHome(drain);
        }
    }

    private void drain() {
        // Cleared first: whoever adds from here on schedules the next drain.
        drainScheduled.set(false);
        Ended next = ended.poll();
        while (next != null) {
            for (OpenFile.Hole hole : next.holes) {
                next.op.place(hole.atBytes(), new ReadPiece.Hole(hole.lengthBytes()));
            }
            next.op.complete(next.doneBytes, OpenFile.toIoError(next.errno));
            next = ended.poll();
        }
    }

    @Override
    public void close() {}
}
