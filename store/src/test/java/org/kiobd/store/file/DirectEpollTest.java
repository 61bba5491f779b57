package org.kiobd.store.file;

import org.kiobd.volume.loop.IoEngine;

class DirectEpollTest extends DirectContract {
    @Override
    protected IoEngine engine() {
        return IoEngine.EPOLL;
    }
}
