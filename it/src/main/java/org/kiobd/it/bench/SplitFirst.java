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
 * Splits before merging, the order that Linus favored: cuts each request at every chunk when it arrives, as md does, and merges adjacent
 * children at their member. A member request lists its children, as struct request lists its buffer heads, so a merge copies nothing.
 * Used by one thread.
 */
final class SplitFirst {
    private final StripeLayout layout;
    private final ChainCursor cursor = new ChainCursor();
    private final List<List<MemberRequest>> byMember = new ArrayList<>();

    /** The work of one vectored call: children without a gap between them. */
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

    /** Cuts {@code original} at chunk boundaries and queues the children at their members; merges adjacent ones if {@code join}. */
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

    /** Returns the queued requests of each member; they stay queued until {@link #clear}. */
    List<List<MemberRequest>> waiting() {
        return byMember;
    }

    void clear() {
        byMember.forEach(List::clear);
    }
}
