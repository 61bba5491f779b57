package org.kiobd.store.file;

import org.kiobd.volume.loop.IoEngine;

class DirectIoUringTest extends DirectContract {
    @Override
    protected IoEngine engine() {
        return IoEngine.IO_URING;
    }
}
