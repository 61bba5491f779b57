package org.kiobd.volume.store.file;

import org.kiobd.volume.loop.IoEngine;

class FileIoUringTest extends FileContract {
    @Override
    protected IoEngine engine() {
        return IoEngine.IO_URING;
    }
}
