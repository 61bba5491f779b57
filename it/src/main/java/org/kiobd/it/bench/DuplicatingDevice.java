package org.kiobd.it.bench;

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
import org.kiobd.volume.kiobuf.Fragment;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.KiobufChain;
import org.kiobd.volume.loop.IoLoop;

/**
 * The "killer" (see {@link SplitBenchmark}) as a device: each member gets a chain of clones, and each clone is a separate request that ends
 * a slice of its original. For READ and WRITE only; confined to the event loop it is made for.
 */
final class DuplicatingDevice extends ForwardingBlockDevice {
    private final StripeLayout layout;
    private final StripeSplitter toOneMember = new StripeSplitter(new StripeLayout(1, Long.MAX_VALUE));
    private final List<MemberPort> ports = new ArrayList<>();

    DuplicatingDevice(Volume array, IoLoop loop) {
        super(array);
        layout = StripeLayout.of(array.manifest());
        array.members().forEach(member -> ports.add(member.port(loop)));
    }

    @Override
    public void submit(KiobufChain chain) {
        @Nullable KiobufChain[] chains = new KiobufChain[layout.members()];
        for (Kiobuf original = chain.head(); original != null; original = original.next()) {
            cut(original, chains);
        }
        int first = layout.member(chain.offsetBytes());
        for (int i = 0; i < chains.length; i++) {
            int member = (first + i) % chains.length;
            KiobufChain clones = chains[member];
            if (clones != null) {
                MemberPort port = ports.get(member);
                toOneMember.split(clones, DuplicatingDevice::ended, port::submit);
                submitted(clones);
            }
        }
        submitted(chain);
    }

    private void cut(Kiobuf original, @Nullable KiobufChain[] chains) {
        long atBytes = 0;
        while (atBytes < original.lengthBytes()) {
            long offsetBytes = original.offsetBytes() + atBytes;
            long bytes = Math.min(layout.runBytes(offsetBytes), original.lengthBytes() - atBytes);
            Kiobuf clone = new Kiobuf(original.loop(), original.op(), layout.memberOffsetBytes(offsetBytes), bytes);
            addMemory(original, atBytes, clone);
            original.beginSlice();
            long startBytes = atBytes;
            clone.addNotifier((completion, error) -> endSlice(original, startBytes, error));
            int member = layout.member(offsetBytes);
            KiobufChain before = chains[member];
            if (before == null) {
                chains[member] = KiobufChain.of(clone);
            } else {
                before.join(KiobufChain.of(clone));
            }
            atBytes += bytes;
        }
    }

    private static void addMemory(Kiobuf original, long atBytes, Kiobuf clone) {
        long startBytes = 0;
        long endBytes = atBytes + clone.lengthBytes();
        for (int i = 0; i < original.fragmentCount() && startBytes < endBytes; i++) {
            Fragment fragment = original.fragment(i);
            long from = Math.max(atBytes, startBytes);
            long to = Math.min(endBytes, startBytes + fragment.lengthBytes());
            if (from < to) {
                clone.add(Fragment.of(
                        fragment.memory().retain(), fragment.offsetBytes() + (int) (from - startBytes), (int)
                                (to - from)));
            }
            startBytes += fragment.lengthBytes();
        }
    }

    private static void endSlice(Kiobuf original, long atBytes, @Nullable IoError error) {
        if (error == null) {
            original.endSlice();
        } else {
            original.endSlice(atBytes, error);
        }
    }

    private static void ended(MemberOp op) {
        IoError error = op.error();
        for (int i = 0; i < op.entries(); i++) {
            if (i + 1 == op.entries() || op.original(i + 1) != op.original(i)) {
                endSlice(op.original(i), 0, error);
            }
        }
    }

    private static void submitted(KiobufChain chain) {
        Kiobuf one = chain.head();
        while (one != null) {
            Kiobuf next = one.next();
            one.submitted();
            one = next;
        }
    }
}
