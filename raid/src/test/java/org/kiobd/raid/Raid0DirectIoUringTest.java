package org.kiobd.raid;

import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.kiobd.volume.BlockDevice;
import org.kiobd.volume.BlockDeviceContract;
import org.kiobd.volume.loop.IoEngine;

/** An array over three files, past the page cache, driven by IO_URING. */
class Raid0DirectIoUringTest extends BlockDeviceContract {
    @TempDir
    Path folder;

    @Override
    protected IoEngine engine() {
        return IoEngine.IO_URING;
    }

    @Override
    protected BlockDevice open(long sizeBytes) throws Exception {
        return ContractArrays.inFilesDirectly(folder, sizeBytes);
    }
}
