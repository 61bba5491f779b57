package org.kiobd.it.vm;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/** The kernel mounts a volume in RocksDB; a sample leaves file systems that are only filled and read to the mixed volume. */
@Tag(OneLane.TAG)
class KernelOnRocksDbIT extends KernelRuns {
    @Override
    VolumeServer serve(String name, List<Volume> volumes) {
        return KiobdVolumes.serve(List.of("rocksdb:%s"), name, volumes);
    }

    @TestFactory
    Stream<DynamicTest> allScripts() {
        return run(Boot.of(
                        "rocksdb",
                        GuestTests.requiredKernel(),
                        "kernel-basics",
                        "kernel-restart",
                        "kernel-snapshot",
                        "kernel-large")
                .fullOnly(
                        "ext4",
                        "ext4-online-check",
                        "xfs",
                        "remount-and-check",
                        "attach-again",
                        "two-volumes",
                        "swap",
                        "mkfs-ext4-1TiB",
                        "mkfs-xfs-1TiB"));
    }
}
