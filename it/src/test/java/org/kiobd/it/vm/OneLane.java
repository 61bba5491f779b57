package org.kiobd.it.vm;

/**
 * Marks tests that do not depend on the JDK: for the kernel's client, {@link KernelOnMixedMembersIT} is enough on a second one. Without
 * {@code --full}, {@code it/verify} leaves them out of the lane of the newer JDK.
 */
final class OneLane {
    static final String TAG = "one-lane";

    private OneLane() {}
}
