package org.kiobd.volume.store.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.kiobd.volume.loop.IoEngine;
import org.kiobd.volume.store.MemberStore;
import org.kiobd.volume.store.MemberUri;

/** The ring's engine with its writes on the loop. */
class FileIoUringLoopWritesTest extends FileContract {
    private static final String PROPERTY = "kiobd.file.writes";

    @Override
    protected IoEngine engine() {
        return IoEngine.IO_URING;
    }

    @Override
    protected MemberStore create(long sizeBytes) throws Exception {
        System.setProperty(PROPERTY, "loop");
        try {
            return super.create(sizeBytes);
        } finally {
            System.clearProperty(PROPERTY);
        }
    }

    @Override
    protected MemberStore open(MemberUri uri, boolean readOnly) throws Exception {
        System.setProperty(PROPERTY, "loop");
        try {
            return super.open(uri, readOnly);
        } finally {
            System.clearProperty(PROPERTY);
        }
    }

    @Test
    void thePropertyChooses() throws Exception {
        assertThat(WritePath.configured()).isEqualTo(WritePath.RING);
        System.setProperty(PROPERTY, "disk");
        try {
            assertThatThrownBy(WritePath::configured).hasMessageContaining("kiobd.file.writes=disk");
        } finally {
            System.clearProperty(PROPERTY);
        }
    }
}
