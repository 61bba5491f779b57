package org.kiobd.cli;

import java.io.IOException;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;
import org.kiobd.attach.AttachmentFiles;
import org.kiobd.attach.OwnProcess;
import org.kiobd.attach.Supervisor;
import org.kiobd.attach.SupervisorLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code kiobd attachd}: keeps the attachments of this machine connected. */
@Command(
        name = "attachd",
        description = {
            "Keep the attachments of this machine connected: a device gets a new connection when its server is back.",
            "kiobd attach starts it. It may be ended and started again at any time; devices stay attached."
        },
        sortOptions = false)
final class AttachdCommand implements Callable<Integer> {
    private static final Logger LOG = LoggerFactory.getLogger(AttachdCommand.class);

    private static final int ATTEMPTS = 20;
    private static final long AGAIN_NANOS = 50_000_000;

    @Mixin
    private LogLevelOptions log;

    @Mixin
    @SuppressWarnings("unused") // picocli looks at it
    private CommonOptions common;

    @Override
    public Integer call() throws IOException {
        log.apply(false);
        OwnProcess.leaveTerminal();
        try (SupervisorLock lock = takeLock()) {
            lock.nameHolder();
            for (String failed : OwnProcess.neverWaitForDevices()) {
                LOG.warn("swap or a root file system on an attachment may hang when memory is short: {}", failed);
            }
            Supervisor supervisor = new Supervisor(new AttachmentFiles(AttachmentFiles.DEFAULT));
            Runtime.getRuntime().addShutdownHook(new Thread(supervisor::end, "kiobd-attachd-end"));
            supervisor.run();
            return ExitCode.OK;
        }
    }

    /** Takes the lock. Other commands hold it for a moment, to see whether it is free. */
    private static SupervisorLock takeLock() throws IOException {
        for (int attempt = 1; ; attempt++) {
            SupervisorLock lock = SupervisorLock.take(SupervisorLock.DEFAULT);
            if (lock != null) {
                return lock;
            }
            if (attempt == ATTEMPTS) {
                throw new CommandFailure(
                        ExitCode.FAILED,
                        "another attachd runs, pid=" + SupervisorLock.holder(SupervisorLock.DEFAULT)
                                + "; nothing was started");
            }
            LockSupport.parkNanos(AGAIN_NANOS);
        }
    }
}
