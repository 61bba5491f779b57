package org.kiobd.it.vm;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;
import org.kiobd.it.kit.RunLength;

/** {@code kiobd attach} in a guest: a mounted device outlives its server and its supervisor, grows, and ends in order. */
@Tag(OneLane.TAG)
class AttachIT extends KernelRuns {
    @Override
    VolumeServer serve(String name, List<Volume> volumes) {
        return KiobdVolumes.serve(name, volumes);
    }

    @TestFactory
    Stream<DynamicTest> anAttachedDeviceOutlivesItsServer() {
        Stream<GuestKernel> kernels = RunLength.current() == RunLength.FULL
                ? Stream.of(
                        GuestTests.requiredKernel(), GuestTests.newerKernel().orElseThrow())
                : Stream.of(GuestTests.requiredKernel());
        // One after the other: a guest is booted when the tests of the one before it are over.
        return kernels.flatMap(
                kernel -> run(Boot.of("attach", kernel, "kernel-attach").with(Emulator.PROGRAM_VARIABLE, "1")));
    }
}
