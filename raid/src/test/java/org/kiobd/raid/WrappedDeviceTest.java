package org.kiobd.raid;

import org.kiobd.volume.BlockDevice;
import org.kiobd.volume.BlockDeviceContract;
import org.kiobd.volume.ByteRange;
import org.kiobd.volume.IoError;
import org.kiobd.volume.loop.IoEngine;
import org.kiobd.volume.testkit.FaultyBlockDevice;

/** A device over a device changes none of the rules; the one bad place lies where nobody may go. */
class WrappedDeviceTest extends BlockDeviceContract {
    @Override
    protected IoEngine engine() {
        return IoEngine.NIO;
    }

    @Override
    protected BlockDevice open(long sizeBytes) throws Exception {
        return new FaultyBlockDevice(
                ContractArrays.inMemory(sizeBytes), new ByteRange(Long.MAX_VALUE - 1, 1), IoError.INVALID);
    }
}
