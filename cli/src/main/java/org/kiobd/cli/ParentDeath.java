package org.kiobd.cli;

import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.NativeLong;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;

/** Makes the kernel send SIGTERM to this process when its parent ends: prctl(2), Linux only. */
final class ParentDeath {
    private static final int PR_SET_PDEATHSIG = 1;
    private static final long SIGTERM = 15;

    private ParentDeath() {}

    /**
     * Requests the signal. The calling thread must not end before the process.
     *
     * @throws BlockIoException if the parent has ended already, or the system does not support the signal
     */
    static void endsUs() throws BlockIoException {
        try {
            long parent = parent();
            Native.register(ParentDeath.class, NativeLibrary.getProcess());
            if (prctl(PR_SET_PDEATHSIG, new NativeLong(SIGTERM)) != 0) {
                throw new BlockIoException(
                        IoError.NOT_SUPPORTED, "--exit-with-parent: prctl failed; nothing is served");
            }
            if (parent() != parent) {
                throw new BlockIoException(IoError.INVALID, "--exit-with-parent: the parent has ended already");
            }
        } catch (LinkageError e) {
            throw new BlockIoException(
                    IoError.NOT_SUPPORTED, "--exit-with-parent needs Linux; leave it out; nothing is served", e);
        }
    }

    private static long parent() {
        return ProcessHandle.current().parent().map(ProcessHandle::pid).orElse(-1L);
    }

    private static native int prctl(int option, NativeLong argument);
}
