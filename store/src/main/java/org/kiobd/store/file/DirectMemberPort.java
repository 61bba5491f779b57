package org.kiobd.store.file;

import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import org.kiobd.store.MemberOp;
import org.kiobd.store.MemberPort;
import org.kiobd.volume.ByteRange;
import org.kiobd.volume.Extent;
import org.kiobd.volume.IoError;
import org.kiobd.volume.ReadPiece;
import org.kiobd.volume.kiobuf.Fragment;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.Op;
import org.kiobd.volume.loop.IoLoop;

/**
 * Wraps a port whose file bypasses the page cache. It forwards aligned operations and bounces the others ({@link BouncedOp}); an
 * operation that changes a part of a block has exclusive access to that block, across all loops. Confined to its loop.
 */
final class DirectMemberPort implements MemberPort {
    private final MemberPort inner;
    private final OpenFile file;
    private final DirectFile direct;
    private final IoLoop loop;

    DirectMemberPort(MemberPort inner, OpenFile file, DirectFile direct, IoLoop loop) {
        this.inner = inner;
        this.file = file;
        this.direct = direct;
        this.loop = loop;
    }

    @Override
    public void submit(MemberOp op) {
        IoError refusal = file.refusal(op);
        if (refusal != null) {
            op.complete(0, refusal);
            return;
        }
        switch (op.op()) {
            case READ -> read(op);
            case WRITE, TRIM, WRITE_ZEROES -> new Change(op).begin();
            case FLUSH -> inner.submit(op);
            // Direct reads would not use the cached pages.
            case CACHE -> op.complete(op.lengthBytes(), null);
        }
    }

    private void read(MemberOp op) {
        if (direct.takes(op)) {
            inner.submit(op);
        } else if (op.accepts(ReadPiece.ACCEPT_HOLE) && file.extents().answers(op)) {
            op.complete(op.lengthBytes(), null);
        } else {
            direct.bouncedOps().increment();
            new BouncedOp(this, direct, op, ended -> {}).next();
        }
    }

    /** A mutation, which runs while it holds the claim of its blocks. */
    private final class Change implements Consumer<MemberOp> {
        private final MemberOp op;
        private final WriteGuards.Claim claim;

        Change(MemberOp op) {
            this.op = op;
            this.claim = new WriteGuards.Claim(
                    direct.floor(op.offsetBytes()),
                    direct.ceil(op.offsetBytes() + op.lengthBytes()),
                    !direct.isWhole(op),
                    loop,
                    this::goOn);
        }

        void begin() {
            if (direct.guards().take(claim)) {
                start();
            }
        }

        private void goOn() {
            start();
            inner.unplug();
        }

        private void start() {
            if (op.op() != Op.WRITE || direct.takes(op)) {
                inner.submit(op.slice(0, op.lengthBytes(), this::ended));
            } else {
                direct.bouncedOps().increment();
                new BouncedOp(DirectMemberPort.this, direct, op, this).next();
            }
        }

        private void ended(MemberOp done) {
            accept(op);
            op.complete(done.doneBytes(), done.error());
        }

        @Override
        public void accept(MemberOp bounced) {
            direct.guards().release(claim);
        }
    }

    /** Returns the end of the file, as an offset in the data area. */
    long fileBytes() {
        return file.end().promisedBytes() - file.dataOffsetBytes();
    }

    /** Submits an aligned READ or WRITE of a bounced operation. Takes {@code memory}. */
    void send(Op op, long offsetBytes, Fragment memory, MemberOp.Listener listener) {
        Kiobuf request = new Kiobuf(loop, op, offsetBytes, memory.lengthBytes()).add(memory);
        inner.submit(BouncedOp.over(request, 0, listener));
        request.submitted();
        // A bounced operation may get here long after the loop's last unplug.
        inner.unplug();
    }

    /** Submits a FLUSH, which covers everything written so far. */
    void sendFlush(MemberOp.Listener listener) {
        inner.submit(new MemberOp(Op.FLUSH, 0, 0, 0, listener));
    }

    /** Writes through the page cache, on a file thread: for a block in which the file ends. Ignores FUA. */
    void sendBuffered(MemberOp write) {
        FileThreads.executor().execute(() -> {
            OpenFile.Outcome outcome = file.transferBuffered(write);
            file.syncRounds().changed();
            try {
                loop.execute(() -> write.complete(outcome.doneBytes(), OpenFile.toIoError(outcome.errno())));
            } catch (RejectedExecutionException e) {
                throw new IllegalStateException("a loop ended before its operations: " + write, e);
            }
        });
    }

    @Override
    public CompletionStage<List<Extent>> extents(ByteRange range, int maxExtents) {
        return inner.extents(range, maxExtents);
    }

    @Override
    public void unplug() {
        inner.unplug();
    }

    @Override
    public void close() {
        inner.close();
    }
}
