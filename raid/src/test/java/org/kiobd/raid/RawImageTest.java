package org.kiobd.raid;

import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.kiobd.volume.BlockDevice;
import org.kiobd.volume.BlockDeviceContract;
import org.kiobd.volume.loop.IoEngine;

/** A plain image is a device like any other. */
class RawImageTest extends BlockDeviceContract {
    @TempDir
    Path folder;

    @Override
    protected IoEngine engine() {
        return IoEngine.best();
    }

    @Override
    protected BlockDevice open(long sizeBytes) throws Exception {
        return ContractArrays.raw(folder, sizeBytes);
    }
}
