package org.kiobd.attach;

import java.io.IOException;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Loads a module of the kernel with modprobe(8). Stateless; calls block. */
final class KernelModule {
    private static final Logger LOG = LoggerFactory.getLogger(KernelModule.class);

    private static final int PATIENCE_S = 30;

    private KernelModule() {}

    /** Returns whether the module was loaded, or was loaded before. */
    static boolean load(String name) {
        try {
            Process modprobe = new ProcessBuilder("modprobe", name)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            return modprobe.waitFor(PATIENCE_S, TimeUnit.SECONDS) && modprobe.exitValue() == 0;
        } catch (IOException e) {
            LOG.debug("modprobe {}: {}", name, e.getMessage());
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
