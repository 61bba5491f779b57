package org.kiobd.it.vm;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/** The kernel mounts what kiobd keeps in RocksDB. */
@Tag(OneLane.TAG)
class KernelOnRocksDbIT extends KernelRuns {
    @Override
    VolumeServer serve(String name, List<Volume> volumes) {
        return KiobdVolumes.serve(List.of("rocksdb"), name + "-rocksdb", volumes);
    }

    @TestFactory
    Stream<DynamicTest> basics() {
        return run(GuestTests.requiredKernel(), "kernel-basics", USUAL, Map.of());
    }

    @TestFactory
    Stream<DynamicTest> restarts() {
        return run(GuestTests.requiredKernel(), "kernel-restart", USUAL.subList(0, 1), Map.of());
    }

    @TestFactory
    Stream<DynamicTest> snapshots() {
        return run(GuestTests.requiredKernel(), "kernel-snapshot", USUAL.subList(0, 1), Map.of());
    }

    @TestFactory
    Stream<DynamicTest> largeVolume() {
        return run(
                GuestTests.requiredKernel(),
                "kernel-large",
                LARGE,
                Map.of("MKFS_EXT4_OPTIONS", "-J size=64", "MKFS_XFS_OPTIONS", "-l size=64m"));
    }
}
