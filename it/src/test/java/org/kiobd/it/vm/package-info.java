/**
 * A real Linux kernel as the client: an emulated machine is booted, a script runs in it, each of its cases is a test.
 *
 * <p>{@link org.kiobd.it.vm.Guest} is the way in; {@code it/guest} gives the same machine to a person, which is why all
 * but the JUnit side uses nothing but the JDK. A guest has three threads of its own and may be used from any. Not here:
 * what the server does, and other user-space clients.
 *
 * <p>A new case is a function in one of {@code src/test/resources/guest/kernel-*.sh} and a {@code run_case} line below
 * it; {@code lib.sh} there has the ways to attach, check and ask the host. The transcript of each run is in {@code
 * target/guest}. When a case fails, {@link org.kiobd.it.vm.NbdkitKernelCases} tells whether nbdkit passes it.
 */
@NullMarked
package org.kiobd.it.vm;

import org.jspecify.annotations.NullMarked;
