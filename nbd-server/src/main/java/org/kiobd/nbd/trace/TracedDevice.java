package org.kiobd.nbd.trace;

import org.kiobd.volume.BlockDevice;
import org.kiobd.volume.ForwardingBlockDevice;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.KiobufChain;

/** Notes when the device gets a traced request, and in a chain of how many. Owns nothing but the wrapped device; threads as there. */
final class TracedDevice extends ForwardingBlockDevice {
    TracedDevice(BlockDevice beneath) {
        super(beneath);
    }

    @Override
    public void submit(KiobufChain chain) {
        long nowNanos = System.nanoTime();
        int requests = chain.originals();
        for (Kiobuf original = chain.head(); original != null; original = original.next()) {
            TracedRequest traced = original.interceptor(TracedRequest.class);
            if (traced != null) {
                traced.issued(nowNanos, requests);
            }
        }
        beneath().submit(chain);
    }
}
