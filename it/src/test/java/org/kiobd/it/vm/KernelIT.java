package org.kiobd.it.vm;

import java.util.List;
import org.junit.jupiter.api.Tag;

/** The kernel mounts kiobd. */
@Tag(OneLane.TAG)
class KernelIT extends KernelCases {
    @Override
    VolumeServer serve(String name, List<Volume> volumes) {
        return KiobdVolumes.serve(name, volumes);
    }
}
