package org.kiobd.volume.store.file;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
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

    private record Ended(MemberOp op, long doneBytes, int errno) {}

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

    /** Syncs, sharing the round with whoever else asks, then ends {@code op} as having done {@code doneBytes}. */
    void sync(MemberOp op, long doneBytes) {
        file.syncRounds().request(errno -> end(op, doneBytes, errno));
    }

    private void run(MemberOp op) {
        OpenFile.Outcome outcome;
        try {
            outcome = switch (op.op()) {
                case READ, WRITE -> file.transfer(op);
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
            end(op, outcome.doneBytes(), outcome.errno());
        }
    }

    /** On any thread: sends the operation home. */
    private void end(MemberOp op, long doneBytes, int errno) {
        ended.add(new Ended(op, doneBytes, errno));
        if (drainScheduled.compareAndSet(false, true)) {
            try {
                loop.execute(drain);
            } catch (RejectedExecutionException e) {
                LOG.warn("{} ended after its loop did; nobody is told", op, e);
            }
        }
    }

    private void drain() {
        // Cleared first: whoever adds from here on schedules the next drain.
        drainScheduled.set(false);
        Ended next = ended.poll();
        while (next != null) {
            next.op.complete(next.doneBytes, OpenFile.toIoError(next.errno));
            next = ended.poll();
        }
    }

    @Override
    public void close() {}
}
