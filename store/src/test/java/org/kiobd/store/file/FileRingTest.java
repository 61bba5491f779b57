package org.kiobd.store.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.kiobd.volume.loop.IoEngine;

/** Through the ring alone. */
class FileRingTest extends FileWithoutInlineContract {
    @Override
    protected IoEngine engine() {
        return IoEngine.IO_URING;
    }

    @Test
    void thePropertyChooses() throws Exception {
        assertThat(InlineTransfers.Policy.configured()).isEqualTo(InlineTransfers.Policy.AUTO);
        System.setProperty("kiobd.file.inline", "perhaps");
        try {
            assertThatThrownBy(InlineTransfers.Policy::configured).hasMessageContaining("kiobd.file.inline=perhaps");
        } finally {
            System.clearProperty("kiobd.file.inline");
        }
    }
}
