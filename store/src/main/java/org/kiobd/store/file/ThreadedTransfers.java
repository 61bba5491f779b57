package org.kiobd.store.file;

import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import org.kiobd.store.MemberOp;
import org.kiobd.store.ThreadedPort;
import org.kiobd.volume.ByteRange;
import org.kiobd.volume.Extent;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.loop.IoLoop;

/** Does the operations of a file by blocking calls on the file threads, batch by batch. A part of {@link FilePort}. Confined to its loop. */
final class ThreadedTransfers extends ThreadedPort {
    private final OpenFile file;
    private final Executor threads;

    ThreadedTransfers(OpenFile file, IoLoop loop, FileThreads threads) {
        super(threads.executor(), FileThreads.THREADS, loop);
        this.file = file;
        this.threads = threads.executor();
    }

    @Override
    public void submit(MemberOp op) {
        collect(op);
    }

    /** Runs on a file thread: the lookup may read metadata from the disk, and there may be thousands of extents. */
    @Override
    public CompletionStage<List<Extent>> extents(ByteRange range, int maxExtents) {
        return ask(() -> file.extents().of(range, maxExtents));
    }

    /** Requests a sync, which other requests may share, and then ends {@code op} with {@code doneBytes} done. */
    void sync(MemberOp op, long doneBytes) {
        file.requestSync(errno -> end(op, doneBytes, OpenFile.toIoError(errno)));
    }

    /** Does a WRITE through the page cache, whatever the cache mode. Ignores FUA. */
    void writeBuffered(MemberOp op) {
        threads.execute(() -> {
            OpenFile.Outcome outcome = file.transferBuffered(op);
            file.syncRounds().changed();
            end(op, outcome.doneBytes(), OpenFile.toIoError(outcome.errno()));
        });
    }

    @Override
    protected void run(MemberOp[] ops, int from, int to) {
        for (int i = from; i < to; i++) {
            run(ops[i]);
        }
    }

    private void run(MemberOp op) {
        OpenFile.Outcome outcome = switch (op.op()) {
            case READ, WRITE -> file.transfer(op);
            case TRIM -> new OpenFile.Outcome(0, file.trim(op));
            case WRITE_ZEROES -> file.zero(op);
            case CACHE -> {
                file.readAhead(op);
                yield new OpenFile.Outcome(op.lengthBytes(), 0);
            }
            case FLUSH -> throw new IllegalStateException("FLUSH goes to the sync rounds");
        };
        if (op.op().mutates()) {
            file.syncRounds().changed();
        }
        if (outcome.errno() == 0 && op.has(Kiobuf.FUA) && op.op().mutates()) {
            sync(op, op.lengthBytes());
        } else {
            end(op, outcome.doneBytes(), OpenFile.toIoError(outcome.errno()));
        }
    }
}
