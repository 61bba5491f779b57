package org.kiobd.store.rocksdb;

import org.kiobd.volume.loop.IoEngine;

class RocksCompactTest extends RocksContract {
    @Override
    protected IoEngine engine() {
        return IoEngine.EPOLL;
    }

    @Override
    protected String options() {
        return "?profile=compact&compression=lz4";
    }

    @Override
    protected int blockBytes() {
        return 4096;
    }
}
