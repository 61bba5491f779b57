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
 * The completion that was not chosen: a chain goes down as one request that ends once, and its originals end then, all together. What
 * fails of it is a {@link Rule}. READ and WRITE only; confined to its loop.
 */
final class WholeChainDevice extends ForwardingBlockDevice {
    private final Rule rule;

    /** Which originals of a chain that failed at some byte fail. */
    enum Rule {
        /** From the original with the first bad byte on, as brw_kiovec counted: what went well is a prefix. */
        PREFIX,
        /** Every one, as a request with one status has it. */
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
