package org.kiobd.store.testkit;

import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.List;
import org.kiobd.store.ForwardingMemberStore;
import org.kiobd.store.MemberOp;
import org.kiobd.store.MemberPort;
import org.kiobd.store.MemberStore;
import org.kiobd.volume.ByteRange;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.Op;
import org.kiobd.volume.loop.IoLoop;

/** A member that notes what it is asked for and does it. For loops on one thread. */
public final class RecordingMemberStore extends ForwardingMemberStore {
    private final List<Seen> seen = new ArrayList<>();

    public RecordingMemberStore(MemberStore beneath) {
        super(beneath);
    }

    /** One gather entry: whose bytes, and where in memory. */
    public record Entry(Kiobuf original, ByteBuf memory, int memoryOffsetBytes, long lengthBytes) {}

    /** One operation; {@code entries} is empty for an op without data. */
    public record Seen(Op op, boolean fua, ByteRange range, List<Entry> entries) {}

    /** Everything so far, in order. */
    public List<Seen> seen() {
        return seen;
    }

    @Override
    protected void submit(MemberOp op, IoLoop loop, MemberPort to) {
        List<Entry> entries = new ArrayList<>();
        for (int i = 0; i < op.entries() && op.op().carriesData(); i++) {
            entries.add(new Entry(op.original(i), op.memory(i), op.memoryOffsetBytes(i), op.entryLengthBytes(i)));
        }
        seen.add(new Seen(
                op.op(), op.has(Kiobuf.FUA), new ByteRange(op.offsetBytes(), op.lengthBytes()), List.copyOf(entries)));
        to.submit(op);
    }
}
