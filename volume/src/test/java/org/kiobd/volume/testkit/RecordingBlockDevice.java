package org.kiobd.volume.testkit;

import java.util.ArrayList;
import java.util.List;
import org.kiobd.volume.BlockDevice;
import org.kiobd.volume.ForwardingBlockDevice;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.KiobufChain;
import org.kiobd.volume.kiobuf.Op;

/** A device that notes the chains it is given and passes them on. For loops on one thread. */
public final class RecordingBlockDevice extends ForwardingBlockDevice {
    private final List<Seen> chains = new ArrayList<>();

    public RecordingBlockDevice(BlockDevice beneath) {
        super(beneath);
    }

    /** One chain as it was submitted. */
    public record Seen(Op op, List<Kiobuf> originals, long offsetBytes, long endBytes) {}

    /** Everything so far, in order. */
    public List<Seen> chains() {
        return chains;
    }

    @Override
    public void submit(KiobufChain chain) {
        List<Kiobuf> originals = new ArrayList<>();
        for (Kiobuf original = chain.head(); original != null; original = original.next()) {
            originals.add(original);
        }
        chains.add(new Seen(chain.op(), List.copyOf(originals), chain.offsetBytes(), chain.endBytes()));
        super.submit(chain);
    }
}
