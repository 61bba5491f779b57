package org.kiobd.store.rocksdb;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.kiobd.store.MemberOp;
import org.kiobd.store.ThreadedPort;
import org.kiobd.store.file.PageCacheRoom;
import org.kiobd.store.rocksdb.data.BlockReading;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.ByteRange;
import org.kiobd.volume.Extent;
import org.kiobd.volume.IoError;
import org.kiobd.volume.ReadPiece;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.Op;
import org.kiobd.volume.loop.IoLoop;

/** The port of one event loop to a RocksDB member. */
final class RocksMemberPort extends ThreadedPort {
    /** Limit for groups of WRITEs: a larger group delays the writes after it by more time than it saves. */
    private static final int MOST_GROUPED_BYTES = 128 << 10;

    private final RocksMember member;
    private final PageCacheRoom room;
    private final boolean worksOnLoop;
    private final List<MemberOp> writes = new ArrayList<>();

    RocksMemberPort(RocksMember member, IoLoop loop) {
        super(member.threads(), RocksMember.THREADS, loop);
        this.member = member;
        this.room = new PageCacheRoom(member.dirtyRoom());
        this.worksOnLoop = member.blocks().worksOnLoop();
    }

    @Override
    public void submit(MemberOp op) {
        if (member.isReadOnly() && op.op().mutates()) {
            op.complete(0, IoError.NOT_PERMITTED);
        } else if (op.op() == Op.FLUSH && !member.isDurable()) {
            op.complete(0, null);
        } else if (op.op() == Op.FLUSH) {
            member.syncRounds().request(failure -> end(op, 0, failure == 0 ? null : IoError.ofCode(failure)));
        } else if (op.op() == Op.CACHE || op.lengthBytes() == 0) {
            op.complete(op.lengthBytes(), null);
        } else if (worksOnLoop && op.op() == Op.WRITE) {
            writes.add(op);
        } else if (!worksOnLoop || op.op() != Op.READ || !readNow(op)) {
            collect(op);
        }
    }

    private boolean readNow(MemberOp op) {
        BlockReading reading = reading(op);
        try {
            if (!member.blocks().readNow(reading)) {
                return false;
            }
        } catch (BlockIoException e) {
            // The threads find the error again.
            return false;
        }
        for (Hole hole : reading.holes()) {
            op.place(hole.atBytes(), new ReadPiece.Hole(hole.lengthBytes()));
        }
        op.complete(op.lengthBytes(), null);
        return true;
    }

    private BlockReading reading(MemberOp op) {
        return new BlockReading(op, member.options().blockBytes(), op.accepts(ReadPiece.ACCEPT_HOLE));
    }

    /** {@inheritDoc} Makes WRITEs that need not wait on the loop, which takes the least CPU time. */
    @Override
    public void unplug() {
        if (!writes.isEmpty()) {
            MemberOp[] ops = writes.toArray(MemberOp[]::new);
            writes.clear();
            int from = 0;
            while (from < ops.length) {
                int to = groupEnd(ops, from);
                if (!writeNow(ops, from, to)) {
                    for (int i = from; i < to; i++) {
                        collect(ops[i]);
                    }
                }
                from = to;
            }
        }
        super.unplug();
    }

    private boolean writeNow(MemberOp[] ops, int from, int to) {
        long bytes = 0;
        for (int i = from; i < to; i++) {
            bytes += ops[i].lengthBytes();
        }
        if (!member.space().takesWritesNow() || !room.hasRoom(bytes)) {
            return false;
        }
        long shortage = member.space().shortage();
        long startNanos = System.nanoTime();
        try {
            if (!member.blocks().writeNow(ops, from, to)) {
                return false;
            }
        } catch (BlockIoException e) {
            member.syncRounds().changed();
            for (int i = from; i < to; i++) {
                ops[i].complete(0, member.failed(ops[i], 0, e));
            }
            return true;
        }
        room.took(System.nanoTime() - startNanos);
        member.syncRounds().changed();
        member.space().written(shortage);
        for (int i = from; i < to; i++) {
            MemberOp op = ops[i];
            if (op.has(Kiobuf.FUA) && member.isDurable()) {
                member.syncRounds()
                        .request(failure -> end(op, op.lengthBytes(), failure == 0 ? null : IoError.ofCode(failure)));
            } else {
                op.complete(op.lengthBytes(), null);
            }
        }
        return true;
    }

    /**
     * {@inheritDoc}
     *
     * <p>Groups consecutive WRITEs of whole blocks, so that they share one log record, one system call and one place in RocksDB's queue.
     */
    @Override
    protected int groupEnd(MemberOp[] ops, int from) {
        int end = from;
        long bytes = 0;
        while (end < ops.length && member.blocks().isWholeWrite(ops[end]) && bytes < MOST_GROUPED_BYTES) {
            bytes += ops[end].lengthBytes();
            end++;
        }
        return Math.max(end, from + 1);
    }

    @Override
    protected void run(MemberOp[] ops, int from, int to) {
        if (ops[from].op() == Op.READ) {
            read(ops[from]);
            return;
        }
        if (ops[from].op() == Op.WRITE && !member.space().takesWrites()) {
            for (int i = from; i < to; i++) {
                end(ops[i], 0, IoError.NO_SPACE);
            }
            return;
        }
        long shortage = member.space().shortage();
        try {
            if (ops[from].op() == Op.WRITE) {
                member.blocks().write(ops, from, to);
            } else {
                member.clear(ops[from]);
            }
        } catch (BlockIoException e) {
            member.syncRounds().changed();
            for (int i = from; i < to; i++) {
                end(ops[i], 0, member.failed(ops[i], 0, e));
            }
            return;
        }
        member.syncRounds().changed();
        member.space().written(shortage);
        endWritten(ops, from, to);
    }

    private void endWritten(MemberOp[] ops, int from, int to) {
        List<MemberOp> durable = List.of();
        for (int i = from; i < to; i++) {
            if (!ops[i].has(Kiobuf.FUA) || !member.isDurable()) {
                end(ops[i], ops[i].lengthBytes(), null);
            } else {
                durable = durable.isEmpty() ? new ArrayList<>(to - from) : durable;
                durable.add(ops[i]);
            }
        }
        if (!durable.isEmpty()) {
            // One sync for all waiting operations does the same as RocksDB's own group commit, without a thread for
            // each operation.
            List<MemberOp> synced = durable;
            member.syncRounds().requestHere(failure -> {
                IoError error = failure == 0 ? null : IoError.ofCode(failure);
                synced.forEach(op -> end(op, op.lengthBytes(), error));
            });
        }
    }

    private void read(MemberOp op) {
        BlockReading reading = reading(op);
        try {
            member.blocks().read(reading);
            end(op, op.lengthBytes(), null, reading.holes());
        } catch (BlockIoException e) {
            end(op, reading.doneBytes(), member.failed(op, reading.doneBytes(), e), reading.holes());
        }
    }

    @Override
    public CompletionStage<List<Extent>> extents(ByteRange range, int maxExtents) {
        return ask(() -> member.extents(range, maxExtents));
    }
}
