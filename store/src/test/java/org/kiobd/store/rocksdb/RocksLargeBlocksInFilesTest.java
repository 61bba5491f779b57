package org.kiobd.store.rocksdb;

import org.kiobd.volume.loop.IoEngine;

class RocksLargeBlocksInFilesTest extends RocksContract {
    @Override
    protected IoEngine engine() {
        return IoEngine.EPOLL;
    }

    @Override
    protected String options() {
        return "?block=16K&data=files";
    }

    @Override
    protected int blockBytes() {
        return 16384;
    }
}
