package org.kiobd.store.file;

import org.kiobd.volume.loop.IoEngine;

/** On the file threads alone. */
class FileThreadsTest extends FileWithoutInlineContract {
    @Override
    protected IoEngine engine() {
        return IoEngine.EPOLL;
    }
}
