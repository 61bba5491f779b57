package org.kiobd.it.vm;

/**
 * Marks what says nothing new on another JDK: the kernel's client sees no more of it than those in user space.
 * {@code it/verify} leaves it out of the lane of the newer JDK.
 */
final class OneLane {
    static final String TAG = "one-lane";

    private OneLane() {}
}
