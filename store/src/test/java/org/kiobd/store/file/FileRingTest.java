package org.kiobd.store.file;

import org.kiobd.volume.loop.IoEngine;

/** Through the ring alone. */
class FileRingTest extends FileWithoutInlineContract {
    @Override
    protected IoEngine engine() {
        return IoEngine.IO_URING;
    }
}
