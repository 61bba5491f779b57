package org.kiobd.raid;

import org.kiobd.volume.BlockDevice;
import org.kiobd.volume.BlockDeviceContract;
import org.kiobd.volume.loop.IoEngine;

/** An array in memory, where every operation ends inline. */
class Raid0InMemoryTest extends BlockDeviceContract {
    @Override
    protected IoEngine engine() {
        return IoEngine.NIO;
    }

    @Override
    protected BlockDevice open(long sizeBytes) throws Exception {
        return ContractArrays.inMemory(sizeBytes);
    }
}
