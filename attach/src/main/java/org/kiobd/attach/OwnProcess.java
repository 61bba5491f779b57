package org.kiobd.attach;

import com.sun.jna.LastErrorException;
import java.util.ArrayList;
import java.util.List;
import org.kiobd.attach.libc.Libc;

/** Makes a process fit to revive the devices that its own machine may use for paging. Stateless. */
public final class OwnProcess {
    /** mlockall(2): what is in use now and later, as soon as it is in use. */
    private static final int MCL_CURRENT = 1;

    private static final int MCL_FUTURE = 2;
    private static final int MCL_ONFAULT = 4;

    /** prctl(2), since Linux 5.6: memory for this process is found without writing to devices, which may be those that wait for it. */
    private static final int PR_SET_IO_FLUSHER = 57;

    private OwnProcess() {}

    /** Keeps the memory of this process from being paged out, and from waiting for a device; returns what could not be done. */
    public static List<String> neverWaitForDevices() {
        List<String> failed = new ArrayList<>();
        try {
            Libc.mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT);
        } catch (LastErrorException e) {
            failed.add("mlockall: " + e.getMessage());
        }
        try {
            Libc.prctl(PR_SET_IO_FLUSHER, 1, 0, 0, 0);
        } catch (LastErrorException e) {
            failed.add("PR_SET_IO_FLUSHER: " + e.getMessage());
        }
        return failed;
    }

    /** Leaves the session of the terminal, whose end would end this process. */
    public static void leaveTerminal() {
        try {
            Libc.setsid();
        } catch (LastErrorException e) {
            // It leads a group already, so whoever started it has seen to that.
            return;
        }
    }
}
