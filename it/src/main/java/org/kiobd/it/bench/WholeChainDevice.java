package org.kiobd.it.bench;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kiobd.volume.BlockDevice;
import org.kiobd.volume.ForwardingBlockDevice;
import org.kiobd.volume.IoError;
import org.kiobd.volume.kiobuf.Fragment;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.KiobufChain;

/**
 * The rejected way to complete requests: a chain goes to the device as one request that completes once, and then all its originals complete
 * together. A {@link Rule} decides which originals fail. For READ and WRITE only; confined to its event loop.
 */
final class WholeChainDevice extends ForwardingBlockDevice {
    private final Rule rule;

    /** Decides which originals of a failed chain fail. */
    enum Rule {
        /** The original with the first bad byte and all after it fail, as with brw_kiovec: the good bytes are a prefix. */
        PREFIX,
        /** All originals fail, as with a request that has a single status. */
        ALL
    }

    WholeChainDevice(BlockDevice beneath, Rule rule) {
        super(beneath);
        this.rule = rule;
    }

    @Override
    public void submit(KiobufChain chain) {
        Kiobuf whole = new Kiobuf(chain.loop(), chain.op(), chain.offsetBytes(), chain.lengthBytes());
        List<Kiobuf> originals = new ArrayList<>();
        for (Kiobuf original = chain.head(); original != null; original = original.next()) {
            originals.add(original);
            for (int i = 0; i < original.fragmentCount(); i++) {
                Fragment fragment = original.fragment(i);
                whole.add(Fragment.of(fragment.memory().retain(), fragment.offsetBytes(), fragment.lengthBytes()));
            }
        }
        whole.addNotifier((completion, error) -> end(originals, whole, error));
        beneath().submit(KiobufChain.of(whole));
    }

    private void end(List<Kiobuf> originals, Kiobuf whole, @Nullable IoError error) {
        long goodBytes = error == null
                ? whole.lengthBytes()
                : switch (rule) {
                    case PREFIX -> whole.failedAtBytes();
                    case ALL -> 0;
                };
        for (Kiobuf original : originals) {
            if (error != null && original.endBytes() - whole.offsetBytes() > goodBytes) {
                original.charge(0, error);
            }
            original.submitted();
        }
    }
}
