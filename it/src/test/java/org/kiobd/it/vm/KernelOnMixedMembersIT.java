package org.kiobd.it.vm;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** The kernel mounts a volume of which one half lies in files, the other in RocksDB; a sample has both file systems on it. */
class KernelOnMixedMembersIT extends KernelRuns {
    @Override
    VolumeServer serve(String name, List<Volume> volumes) {
        return KiobdVolumes.serve(List.of("file:%s", "rocksdb:%s?data=database", "rocksdb:%s"), name, volumes);
    }

    @TestFactory
    Stream<DynamicTest> basics() {
        return run(Boot.of("mixed", GuestTests.requiredKernel(), "kernel-basics")
                .fullOnly(
                        "every-size", "ext4-online-check", "attach-again", "two-volumes", "zero-and-discard", "swap"));
    }
}
