package org.kiobd.it.bench;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import java.util.ArrayList;
import java.util.List;
import org.kiobd.raid.layout.StripeLayout;
import org.kiobd.volume.kiobuf.ChainCursor;
import org.kiobd.volume.kiobuf.ChainSlice;
import org.kiobd.volume.kiobuf.Fragment;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.KiobufChain;

/**
 * Splits a chain by copying the bytes of each member into one pooled buffer, as stripers do whose requests have one contiguous pointer.
 * Each original counts one slice: when all buffers are written, all originals are done. Used by one thread.
 */
final class FlatteningSplitter {
    private final StripeLayout layout;
    private final ChainCursor cursor = new ChainCursor();
    private final PooledByteBufAllocator allocator = new PooledByteBufAllocator(true);

    FlatteningSplitter(StripeLayout layout) {
        this.layout = layout;
    }

    /** Returns one buffer per member, owned by the caller, in the order in which the range touches the members. */
    List<ByteBuf> split(KiobufChain chain) {
        List<ByteBuf> flat = new ArrayList<>(layout.members());
        int first = layout.member(chain.offsetBytes());
        for (int i = 0; i < layout.members(); i++) {
            int member = (first + i) % layout.members();
            long bytes = layout.below(member, chain.endBytes()) - layout.below(member, chain.offsetBytes());
            if (bytes > 0) {
                flat.add(allocator.directBuffer(Math.toIntExact(bytes)));
            }
        }
        for (Kiobuf original = chain.head(); original != null; original = original.next()) {
            original.beginSlice();
        }
        copy(chain, flat, first);
        return flat;
    }

    private void copy(KiobufChain chain, List<ByteBuf> flat, int first) {
        cursor.reset(chain);
        long offsetBytes = chain.offsetBytes();
        while (cursor.hasNext()) {
            ChainSlice slice = cursor.next(layout.runBytes(offsetBytes));
            Fragment fragment = slice.fragment();
            if (fragment == null) {
                throw new IllegalStateException("a WRITE has memory");
            }
            int place = Math.floorMod(layout.member(offsetBytes) - first, layout.members());
            flat.get(place).writeBytes(fragment.memory(), fragment.offsetBytes() + slice.fragmentOffsetBytes(), (int)
                    slice.lengthBytes());
            offsetBytes += slice.lengthBytes();
        }
        cursor.clear();
    }

    /** Ends the slices of the originals and releases the buffers. */
    void release(List<ByteBuf> flat, KiobufChain chain) {
        for (Kiobuf original = chain.head(); original != null; original = original.next()) {
            original.endSlice();
        }
        flat.forEach(ByteBuf::release);
    }
}
