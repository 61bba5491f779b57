package org.kiobd.store.file;

import org.kiobd.volume.loop.IoEngine;

class FileNioTest extends FileContract {
    @Override
    protected IoEngine engine() {
        return IoEngine.NIO;
    }
}
