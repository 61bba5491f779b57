package org.kiobd.volume.store.rocksdb;

import java.util.List;
import java.util.concurrent.CompletionStage;
import org.kiobd.volume.ByteRange;
import org.kiobd.volume.Extent;
import org.kiobd.volume.IoError;
import org.kiobd.volume.ReadPiece;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.Op;
import org.kiobd.volume.loop.IoLoop;
import org.kiobd.volume.store.MemberOp;
import org.kiobd.volume.store.ThreadedPort;
import org.rocksdb.RocksDBException;

/** One loop's way into a RocksDB member. */
final class RocksMemberPort extends ThreadedPort {
    private final RocksMember member;

    RocksMemberPort(RocksMember member, IoLoop loop) {
        super(member.threads(), RocksMember.THREADS, loop);
        this.member = member;
    }

    @Override
    public void submit(MemberOp op) {
        if (member.isReadOnly() && op.op().mutates()) {
            op.complete(0, IoError.NOT_PERMITTED);
        } else if (op.op() == Op.FLUSH) {
            sync(op, 0);
        } else if (op.op() == Op.CACHE || op.lengthBytes() == 0) {
            op.complete(op.lengthBytes(), null);
        } else {
            collect(op);
        }
    }

    private void sync(MemberOp op, long doneBytes) {
        member.syncRounds().request(failure -> end(op, doneBytes, failure == 0 ? null : IoError.ofCode(failure)));
    }

    @Override
    protected void run(MemberOp op) {
        if (op.op() == Op.READ) {
            read(op);
            return;
        }
        try {
            if (op.op() == Op.WRITE) {
                member.blocks().write(op);
            } else {
                member.blocks().clear(op);
                member.cleared(op.lengthBytes());
            }
        } catch (RocksDBException e) {
            member.syncRounds().changed();
            end(op, 0, member.failed(op, 0, e));
            return;
        }
        member.syncRounds().changed();
        member.written();
        if (op.has(Kiobuf.FUA)) {
            // One sync of the log for all who wait for one is what RocksDB's own group commit does, without a thread
            // for each.
            sync(op, op.lengthBytes());
        } else {
            end(op, op.lengthBytes(), null);
        }
    }

    private void read(MemberOp op) {
        BlockReading reading = new BlockReading(op, member.options().blockBytes(), op.accepts(ReadPiece.ACCEPT_HOLE));
        try {
            member.blocks().read(reading);
            end(op, op.lengthBytes(), null, reading.holes());
        } catch (RocksDBException e) {
            end(op, reading.doneBytes(), member.failed(op, reading.doneBytes(), e), reading.holes());
        }
    }

    @Override
    public CompletionStage<List<Extent>> extents(ByteRange range, int maxExtents) {
        return ask(() -> member.extents(range, maxExtents));
    }
}
