package org.kiobd.store.file;

import java.util.function.Consumer;
import org.kiobd.store.MemberOp;
import org.kiobd.volume.IoError;
import org.kiobd.volume.kiobuf.Fragment;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.Op;
import org.kiobd.volume.loop.IoLoop;

/**
 * Does the operations of a file that bypasses the page cache: it bounces those that are not aligned ({@link BouncedOp}), and gives an
 * operation that changes a part of a block exclusive access to that block, across all loops. A part of {@link FilePort}. Confined to its
 * loop.
 */
final class DirectTransfers {
    private final FilePort port;
    private final OpenFile file;
    private final DirectFile direct;
    private final IoLoop loop;

    DirectTransfers(FilePort port, OpenFile file, DirectFile direct, IoLoop loop) {
        this.port = port;
        this.file = file;
        this.direct = direct;
        this.loop = loop;
    }

    /** Does a mutation by {@code path} as soon as no other one has its blocks. */
    void change(MemberOp op, IoPath path) {
        new Change(op, path).begin();
    }

    /** Does a READ that is not aligned. */
    void bounce(MemberOp op) {
        direct.bouncedOps().increment();
        new BouncedOp(this, direct, op, ended -> {}).next();
    }

    /** A mutation, which runs while it holds the claim of its blocks. */
    private final class Change implements Consumer<MemberOp> {
        private final MemberOp op;
        private final IoPath path;
        private final WriteGuards.Claim claim;

        Change(MemberOp op, IoPath path) {
            this.op = op;
            this.path = path;
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
            // The file may have turned out to be truncated while the change waited.
            IoError refusal = file.refusal(op);
            if (refusal != null) {
                direct.guards().release(claim);
                op.complete(0, refusal);
                return;
            }
            start();
            port.unplug();
        }

        private void start() {
            if (path == IoPath.BOUNCE) {
                direct.bouncedOps().increment();
                new BouncedOp(DirectTransfers.this, direct, op, this).next();
            } else {
                port.go(op.slice(0, op.lengthBytes(), this::ended), path);
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
        port.submitAligned(BouncedOp.over(request, 0, listener));
        request.submitted();
        // A bounced operation may get here long after the loop's last unplug.
        port.unplug();
    }

    /** Submits a FLUSH, which covers everything written so far. */
    void sendFlush(MemberOp.Listener listener) {
        port.submit(new MemberOp(Op.FLUSH, 0, 0, 0, listener));
    }

    /** Writes through the page cache, on a file thread: for a block in which the file ends. Ignores FUA. */
    void sendBuffered(MemberOp write) {
        port.writeBuffered(write);
    }
}
