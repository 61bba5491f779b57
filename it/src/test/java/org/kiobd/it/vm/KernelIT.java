package org.kiobd.it.vm;

import java.util.List;

/** The kernel mounts kiobd. */
class KernelIT extends KernelCases {
    @Override
    VolumeServer serve(String name, List<Volume> volumes) {
        return KiobdVolumes.serve(name, volumes);
    }
}
