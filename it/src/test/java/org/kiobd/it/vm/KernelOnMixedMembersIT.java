package org.kiobd.it.vm;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/** The kernel mounts what lies half in files, half in RocksDB. */
@Tag(OneLane.TAG)
class KernelOnMixedMembersIT extends KernelRuns {
    @Override
    VolumeServer serve(String name, List<Volume> volumes) {
        return KiobdVolumes.serve(List.of("file", "rocksdb"), name + "-mixed", volumes);
    }

    @TestFactory
    Stream<DynamicTest> basics() {
        return run(GuestTests.requiredKernel(), "kernel-basics", USUAL, Map.of());
    }
}
