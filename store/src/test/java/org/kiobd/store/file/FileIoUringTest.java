package org.kiobd.store.file;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.kiobd.volume.loop.IoEngine;
import org.kiobd.volume.loop.IoLoops;

class FileIoUringTest extends FileContract {
    private static final long SPIN_NANOS = 50_000;

    @Override
    protected IoEngine engine() {
        return IoEngine.IO_URING;
    }

    /** As a server's loops do. A loop that was taken for one without a ring moved every byte by way of the file threads. */
    @Test
    void aLoopThatLooksBeforeItSleepsHasItsRingAllTheSame() {
        try (IoLoops looking = new IoLoops(IoEngine.IO_URING, 1, SPIN_NANOS)) {
            assertThat(((FilePort) store.port(looking.next())).hasRing()).isTrue();
        }
    }
}
