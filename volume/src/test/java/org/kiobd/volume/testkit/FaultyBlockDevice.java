package org.kiobd.volume.testkit;

import org.kiobd.volume.BlockDevice;
import org.kiobd.volume.ByteRange;
import org.kiobd.volume.ForwardingBlockDevice;
import org.kiobd.volume.IoError;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.KiobufChain;

/** A device with one bad place: originals that touch it fail, whatever chain they come in; their neighbours are passed on. */
public final class FaultyBlockDevice extends ForwardingBlockDevice {
    private final ByteRange bad;
    private final IoError error;

    public FaultyBlockDevice(BlockDevice beneath, ByteRange bad, IoError error) {
        super(beneath);
        this.bad = bad;
        this.error = error;
    }

    @Override
    public void submit(KiobufChain chain) {
        if (!Ranges.intersect(bad, new ByteRange(chain.offsetBytes(), chain.lengthBytes()))) {
            super.submit(chain);
            return;
        }
        Kiobuf original = chain.head();
        while (original != null) {
            Kiobuf next = original.next();
            KiobufChain alone = KiobufChain.of(original.unlinked());
            if (Ranges.intersect(bad, new ByteRange(original.offsetBytes(), original.lengthBytes()))) {
                alone.completeAll(error);
            } else {
                super.submit(alone);
            }
            original = next;
        }
    }
}
