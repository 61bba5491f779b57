package org.kiobd.volume;

import org.kiobd.volume.loop.IoEngine;
import org.kiobd.volume.testkit.ModelDevice;

/** The model keeps the rules it is used to judge others by. */
class ModelDeviceTest extends BlockDeviceContract {
    @Override
    protected IoEngine engine() {
        return IoEngine.NIO;
    }

    @Override
    protected BlockDevice open(long sizeBytes) {
        return new ModelDevice((int) sizeBytes);
    }
}
