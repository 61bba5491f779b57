package org.kiobd.store.file;

import org.kiobd.volume.loop.IoEngine;

class FileEpollTest extends FileContract {
    @Override
    protected IoEngine engine() {
        return IoEngine.EPOLL;
    }
}
