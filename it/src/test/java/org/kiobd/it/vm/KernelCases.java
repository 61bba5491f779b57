package org.kiobd.it.vm;

import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * What a Linux kernel has to find true of a server's volumes: one boot for each kernel and number of processors, one test for each case of
 * its scripts.
 *
 * <p>Subclasses say which server. The newer kernel runs the scripts in which it behaves differently (larger requests,
 * WRITE_ZEROES). Of what both kernels do, a sample leaves some to one of them.
 */
abstract class KernelCases extends KernelRuns {
    @TestFactory
    Stream<DynamicTest> olderKernel() {
        return run(Boot.of("kernel", GuestTests.requiredKernel(), "kernel-basics", "kernel-restart", "kernel-large")
                .fullOnly("mkfs-xfs-1TiB"));
    }

    /** Where the newer kernel is not to be had, says so where it is read: in the output and as a test's name. */
    @TestFactory
    Stream<DynamicTest> newerKernel() {
        Optional<GuestKernel> kernel = GuestTests.newerKernel();
        if (kernel.isPresent()) {
            return run(Boot.of("kernel", kernel.get(), "kernel-basics", "kernel-large")
                    .fullOnly("ext4-online-check", "attach-again", "two-volumes", "swap", "mkfs-ext4-1TiB"));
        }
        String text = "all ran on 6.1 only: Debian's mirror offers no kernel 6.12";
        System.out.println(text);
        return Stream.of(dynamicTest(text, GuestTests::requiredKernel));
    }

    @TestFactory
    Stream<DynamicTest> fourConnections() {
        return run(Boot.of("kernel-connections", GuestTests.requiredKernel(), "kernel-connections")
                .with("GUEST_CPUS", "4"));
    }
}
