package org.kiobd.it.bench;

import java.util.ArrayList;
import java.util.List;
import org.kiobd.raid.layout.StripeLayout;
import org.kiobd.store.MemberOp;
import org.kiobd.volume.kiobuf.ChainCursor;
import org.kiobd.volume.kiobuf.ChainSlice;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.KiobufChain;

/**
 * Linus's order: each request is cut at every chunk as it comes, as md does it, and the children that follow each other on a member are
 * joined there. A member's request lists its children, as struct request lists its heads; nothing is copied to join two. One thread.
 */
final class SplitFirst {
    private final StripeLayout layout;
    private final ChainCursor cursor = new ChainCursor();
    private final List<List<MemberRequest>> byMember = new ArrayList<>();

    /** What one vectored call does: children without a gap between them. */
    static final class MemberRequest {
        final List<MemberOp> children = new ArrayList<>();
        long endBytes;

        void add(MemberOp child) {
            children.add(child);
            endBytes = child.offsetBytes() + child.lengthBytes();
        }
    }

    SplitFirst(StripeLayout layout) {
        this.layout = layout;
        for (int i = 0; i < layout.members(); i++) {
            byMember.add(new ArrayList<>());
        }
    }

    /** Cuts {@code original} at its chunks and queues the children at their members, joined where {@code join} says so. */
    void split(Kiobuf original, MemberOp.Listener listener, boolean join) {
        cursor.reset(KiobufChain.of(original));
        long offsetBytes = original.offsetBytes();
        while (cursor.hasNext()) {
            int member = layout.member(offsetBytes);
            MemberOp child = new MemberOp(
                    original.op(), original.flags(), member, layout.memberOffsetBytes(offsetBytes), listener);
            long restBytes = layout.runBytes(offsetBytes);
            while (restBytes > 0 && cursor.hasNext()) {
                ChainSlice slice = cursor.next(restBytes);
                child.add(slice);
                restBytes -= slice.lengthBytes();
                offsetBytes += slice.lengthBytes();
            }
            queue(byMember.get(member), child, join);
        }
        cursor.clear();
    }

    private static void queue(List<MemberRequest> waiting, MemberOp child, boolean join) {
        int last = waiting.size() - 1;
        if (!join || last < 0 || waiting.get(last).endBytes != child.offsetBytes()) {
            waiting.add(new MemberRequest());
            last++;
        }
        waiting.get(last).add(child);
    }

    /** What waits, member by member; it stays until {@link #clear}. */
    List<List<MemberRequest>> waiting() {
        return byMember;
    }

    void clear() {
        byMember.forEach(List::clear);
    }
}
