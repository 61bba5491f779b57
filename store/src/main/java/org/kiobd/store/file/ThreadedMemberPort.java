package org.kiobd.store.file;

import java.util.List;
import java.util.concurrent.CompletionStage;
import org.kiobd.store.MemberOp;
import org.kiobd.store.ThreadedPort;
import org.kiobd.volume.ByteRange;
import org.kiobd.volume.Extent;
import org.kiobd.volume.IoError;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.Op;
import org.kiobd.volume.loop.IoLoop;

/** The port of a file for loops without an io_uring: makes blocking calls on the file threads. Confined to its loop. */
final class ThreadedMemberPort extends ThreadedPort {
    private final OpenFile file;
    private final InlineTransfers inline;
    private final InlineTransfers.Ending ending = this::written;

    ThreadedMemberPort(OpenFile file, IoLoop loop, InlineTransfers.Policy policy) {
        super(FileThreads.executor(), FileThreads.THREADS, loop);
        this.file = file;
        this.inline = new InlineTransfers(file, loop, policy);
    }

    @Override
    public void submit(MemberOp op) {
        IoError refusal = file.refusal(op);
        if (refusal != null) {
            op.complete(0, refusal);
        } else if (op.op() == Op.FLUSH) {
            sync(op, 0);
        } else if (op.op() == Op.READ && (file.extents().answers(op) || inline.read(op))) {
            op.complete(op.lengthBytes(), null);
        } else if (op.op() == Op.WRITE && inline.mayWrite(op)) {
            inline.write(op, ending);
        } else {
            collect(op);
        }
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

    private void written(MemberOp op, OpenFile.Outcome outcome) {
        file.syncRounds().changed();
        if (outcome.errno() == 0 && op.has(Kiobuf.FUA)) {
            sync(op, op.lengthBytes());
        } else {
            op.complete(outcome.doneBytes(), OpenFile.toIoError(outcome.errno()));
        }
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
