package org.kiobd.store.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.kiobd.store.CacheMode;
import org.kiobd.store.MemberStore;
import org.kiobd.store.MemberUri;
import org.kiobd.store.OpenOptions;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;
import org.kiobd.volume.loop.IoEngine;

class DirectRawTest extends DirectContract {
    @Override
    protected IoEngine engine() {
        return IoEngine.best();
    }

    @Override
    long dataOffsetBytes() {
        return 0;
    }

    @Override
    protected MemberStore create(long sizeBytes) throws Exception {
        return open(makeImage(sizeBytes), false);
    }

    @Override
    protected MemberStore open(MemberUri uri, boolean readOnly) throws Exception {
        return new FileMemberStoreProvider().openRaw(uri, new OpenOptions(readOnly, CacheMode.NONE));
    }

    /** sysfs is one that cannot, on every kernel. */
    @Test
    void aFileSystemThatCannotIsRefusedInOneLine() {
        assertThatThrownBy(() -> open(MemberUri.file(Path.of("/sys/kernel/notes")), true))
                .isInstanceOfSatisfying(
                        BlockIoException.class, e -> assertThat(e.error()).isEqualTo(IoError.NOT_SUPPORTED))
                .hasMessage(
                        "/sys/kernel/notes: cache=none needs a file system that can read and write past the page cache"
                                + " (O_DIRECT), and this one cannot; nothing was changed; serve it without --cache, or move it"
                                + " to ext4, xfs or btrfs");
    }
}
