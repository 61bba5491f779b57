package org.kiobd.it.vm;

/**
 * Marks what says nothing new on another JDK: the guest by itself, a second guest kernel, more connections and larger volumes, a server
 * that is killed, members that each have a class of their own.
 * {@code it/verify} leaves it out of the lane of the newer JDK.
 */
final class OneLane {
    static final String TAG = "one-lane";

    private OneLane() {}
}
