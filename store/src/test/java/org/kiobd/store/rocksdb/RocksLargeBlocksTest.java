package org.kiobd.store.rocksdb;

import org.kiobd.volume.loop.IoEngine;

class RocksLargeBlocksTest extends RocksContract {
    @Override
    protected IoEngine engine() {
        return IoEngine.NIO;
    }

    @Override
    protected String options() {
        return "?block=16K&compression=zstd";
    }

    @Override
    protected int blockBytes() {
        return 16384;
    }
}
