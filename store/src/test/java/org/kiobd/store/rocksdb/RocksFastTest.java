package org.kiobd.store.rocksdb;

import org.kiobd.volume.loop.IoEngine;

class RocksFastTest extends RocksContract {
    @Override
    protected IoEngine engine() {
        return IoEngine.IO_URING;
    }

    @Override
    protected String options() {
        return "?data=database";
    }

    @Override
    protected int blockBytes() {
        return 4096;
    }
}
