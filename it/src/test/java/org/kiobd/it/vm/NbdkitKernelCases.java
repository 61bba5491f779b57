package org.kiobd.it.vm;

import java.util.List;

/**
 * The same cases against nbdkit. Not part of a build (its name is no test's): run it by {@code -Dit.test=NbdkitKernelCases}
 * when a case fails, to learn whether kiobd or the case is wrong.
 */
class NbdkitKernelCases extends KernelCases {
    @Override
    VolumeServer serve(String name, List<Volume> volumes) {
        return NbdkitVolumes.serve(name, volumes);
    }
}
