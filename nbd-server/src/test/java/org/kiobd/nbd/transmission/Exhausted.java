package org.kiobd.nbd.transmission;

import org.kiobd.volume.kiobuf.PagePool;

/** A pool of which others have taken all but the shares. */
final class Exhausted {
    private Exhausted() {}

    /** @return bytes to be given back */
    static long take(PagePool pool) {
        long taken = 0;
        for (long bytes = pool.capacityBytes(); bytes > 0; bytes /= 2) {
            while (pool.tryReserve(0, bytes)) {
                taken += bytes;
            }
        }
        return taken;
    }
}
