package org.kiobd.it.vm;

import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/**
 * What a Linux kernel has to find true of a server's volumes: one boot for each script, one test for each of its cases.
 *
 * <p>Subclasses say which server. The newer kernel runs the scripts in which it behaves differently (larger requests,
 * WRITE_ZEROES).
 */
abstract class KernelCases extends KernelRuns {
    @TestFactory
    Stream<DynamicTest> basics() {
        return run(GuestTests.requiredKernel(), "kernel-basics", USUAL, Map.of());
    }

    @TestFactory
    @Tag(OneLane.TAG)
    Stream<DynamicTest> basicsOnTheNewerKernel() {
        return runOnTheNewerKernel("kernel-basics", USUAL);
    }

    @TestFactory
    @Tag(OneLane.TAG)
    Stream<DynamicTest> fourConnections() {
        return run(GuestTests.requiredKernel(), "kernel-connections", USUAL, Map.of("GUEST_CPUS", "4"));
    }

    @TestFactory
    @Tag(OneLane.TAG)
    Stream<DynamicTest> restarts() {
        return run(GuestTests.requiredKernel(), "kernel-restart", USUAL.subList(0, 1), Map.of());
    }

    // Without WRITE_ZEROES, 6.1 clears a journal by writing it: up to 1 GiB of zeroes by default, 64 MiB so.
    @TestFactory
    @Tag(OneLane.TAG)
    Stream<DynamicTest> largeVolume() {
        return run(
                GuestTests.requiredKernel(),
                "kernel-large",
                LARGE,
                Map.of("MKFS_EXT4_OPTIONS", "-J size=64", "MKFS_XFS_OPTIONS", "-l size=64m"));
    }

    @TestFactory
    @Tag(OneLane.TAG)
    Stream<DynamicTest> largeVolumeOnTheNewerKernel() {
        return runOnTheNewerKernel("kernel-large", LARGE);
    }

    /** Where the newer kernel is not to be had, says so where it is read: in the output and as a test's name. */
    private Stream<DynamicTest> runOnTheNewerKernel(String scriptName, List<Volume> volumes) {
        Optional<GuestKernel> kernel = GuestTests.newerKernel();
        if (kernel.isPresent()) {
            return run(kernel.get(), scriptName, volumes, Map.of());
        }
        String text = scriptName + " ran on 6.1 only: Debian's mirror offers no kernel 6.12";
        System.out.println(text);
        return Stream.of(dynamicTest(text, GuestTests::requiredKernel));
    }
}
