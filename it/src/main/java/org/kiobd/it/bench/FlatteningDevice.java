package org.kiobd.it.bench;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kiobd.raid.Volume;
import org.kiobd.raid.layout.StripeLayout;
import org.kiobd.raid.layout.StripeSplitter;
import org.kiobd.store.MemberOp;
import org.kiobd.store.MemberPort;
import org.kiobd.volume.ForwardingBlockDevice;
import org.kiobd.volume.IoError;
import org.kiobd.volume.kiobuf.ChainCursor;
import org.kiobd.volume.kiobuf.ChainSlice;
import org.kiobd.volume.kiobuf.Fragment;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.KiobufChain;
import org.kiobd.volume.kiobuf.Op;
import org.kiobd.volume.loop.IoLoop;

/**
 * A striper whose requests have a single pointer: the bytes of a chain go through one pooled buffer per member, and its originals complete
 * together. For READ and WRITE on members that complete inline; confined to the event loop it is made for.
 */
final class FlatteningDevice extends ForwardingBlockDevice {
    private final StripeLayout layout;
    private final StripeSplitter toOneMember = new StripeSplitter(new StripeLayout(1, Long.MAX_VALUE));
    private final ChainCursor cursor = new ChainCursor();
    private final PooledByteBufAllocator allocator = new PooledByteBufAllocator(true);
    private final List<MemberPort> ports = new ArrayList<>();

    FlatteningDevice(Volume array, IoLoop loop) {
        super(array);
        layout = StripeLayout.of(array.manifest());
        array.members().forEach(member -> ports.add(member.port(loop)));
    }

    @Override
    public void submit(KiobufChain chain) {
        @Nullable ByteBuf[] flat = new ByteBuf[layout.members()];
        for (int member = 0; member < flat.length; member++) {
            long bytes = layout.below(member, chain.endBytes()) - layout.below(member, chain.offsetBytes());
            flat[member] = bytes == 0 ? null : allocator.directBuffer((int) bytes, (int) bytes);
        }
        if (chain.op() == Op.WRITE) {
            copy(chain, flat);
        }
        IoError error = null;
        for (int member = 0; member < flat.length; member++) {
            ByteBuf memory = flat[member];
            if (memory != null) {
                IoError failure = transfer(chain, member, memory);
                error = error == null ? failure : error;
            }
        }
        if (chain.op() == Op.READ && error == null) {
            copy(chain, flat);
        }
        for (ByteBuf memory : flat) {
            if (memory != null) {
                memory.release();
            }
        }
        chain.completeAll(error);
    }

    private @Nullable IoError transfer(KiobufChain chain, int member, ByteBuf memory) {
        int bytes = memory.capacity();
        Kiobuf one = new Kiobuf(chain.loop(), chain.op(), layout.below(member, chain.offsetBytes()), bytes);
        one.add(Fragment.of(memory.retain(), 0, bytes));
        toOneMember.split(KiobufChain.of(one), FlatteningDevice::ended, ports.get(member)::submit);
        one.submitted();
        if (!one.isCompleted()) {
            throw new IllegalStateException("the member did not end at once: " + one);
        }
        return one.failure();
    }

    private static void ended(MemberOp op) {
        IoError error = op.error();
        if (error == null) {
            op.original(0).endSlice();
        } else {
            op.original(0).endSlice(0, error);
        }
    }

    /** Copies the payload of a WRITE into the buffers, or of a READ out of them. */
    private void copy(KiobufChain chain, @Nullable ByteBuf[] flat) {
        cursor.reset(chain);
        long offsetBytes = chain.offsetBytes();
        while (cursor.hasNext()) {
            ChainSlice slice = cursor.next(layout.runBytes(offsetBytes));
            int bytes = (int) slice.lengthBytes();
            Fragment fragment = slice.fragment();
            ByteBuf memory = flat[layout.member(offsetBytes)];
            if (fragment == null || memory == null) {
                throw new IllegalStateException("no memory for " + chain);
            }
            int at = fragment.offsetBytes() + slice.fragmentOffsetBytes();
            if (chain.op() == Op.WRITE) {
                memory.writeBytes(fragment.memory(), at, bytes);
            } else {
                int done = memory.writerIndex();
                fragment.memory().setBytes(at, memory, done, bytes);
                memory.writerIndex(done + bytes);
            }
            offsetBytes += bytes;
        }
        cursor.clear();
    }
}
